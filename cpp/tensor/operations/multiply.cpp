#include "tensor/operations/multiply.hpp"

#include <algorithm>
#include <vector>

#include "tensor/operations/batch.hpp"
#include "tensor/threads.hpp"

namespace stochos::tensor {
namespace {

// How product() sees the last two axes of an array; transposed views are not copied.
struct Matrix {
  Array array;  // a copy when neither order of axes is dense
  bool transposed = false;
  std::size_t leading = 1;
};

Matrix matrix_of(const Array& given) {
  Matrix matrix{given};
  const int rank = given.shape.rank();
  const std::int64_t rows = given.shape[rank - 2], columns = given.shape[rank - 1];
  const std::int64_t down = given.strides[static_cast<std::size_t>(rank - 2)],
                     along = given.strides[static_cast<std::size_t>(rank - 1)];
  constexpr std::int64_t kMost = 0x7fffffff;  // BLAS counts in int
  if ((along == 1 || columns == 1) && (down >= columns || rows == 1) && down <= kMost) {
    matrix.leading = static_cast<std::size_t>(rows == 1 ? columns : down);
  } else if ((down == 1 || rows == 1) && (along >= rows || columns == 1) && along <= kMost) {
    matrix.transposed = true;
    matrix.leading = static_cast<std::size_t>(columns == 1 ? rows : along);
  } else {
    matrix.array = given.packed();
    matrix.leading = static_cast<std::size_t>(columns);
  }
  matrix.leading = std::max<std::size_t>(1, matrix.leading);
  return matrix;
}

}  // namespace

void multiply_into(const Array& left, const Array& b, const Array& out, bool add, const BlockDone& done) {
  if (out.size() == 0) return;
  Array a = left;
  Shape shape = out.shape;
  if (b.shape.rank() == 2 && a.shape.rank() > 2) {
    // One matrix for the whole batch: the batch is more rows.
    const std::int64_t k = a.shape.last();
    a = a.packed();
    const Shape rows{k == 0 ? out.size() / out.shape.last() : a.size() / k, k};
    a = a.view(rows, row_major(rows));
    shape = {rows[0], b.shape[1]};
  }
  const auto m = static_cast<std::size_t>(shape[shape.rank() - 2]),
             n = static_cast<std::size_t>(shape.last()), k = static_cast<std::size_t>(a.shape.last());
  const std::size_t all = static_cast<std::size_t>(out.size()) / n;
  if (k == 0) {
    if (!add)
      std::fill_n(out.data, static_cast<std::size_t>(out.size()) * item_size(out.dtype), std::byte{0});
    if (done) done({0, all, 0, n});
    return;
  }
  const Shape batch = batch_of(shape);
  const Matrix p = matrix_of(a), q = matrix_of(b);
  const auto left_at = offsets_of(p.array, batch), right_at = offsets_of(q.array, batch);
  const std::size_t count = left_at.size();
  const auto run = [&](auto number) {
    using T = decltype(number);
    const auto one = [&](std::size_t i, const BlockDone& then) {
      product(p.transposed, q.transposed, m, n, k, reinterpret_cast<const T*>(p.array.data + left_at[i]),
              p.leading, reinterpret_cast<const T*>(q.array.data + right_at[i]), q.leading, add,
              out.as<T>() + i * m * n, n, then);
    };
    if (count == 1) return one(0, done);
    const double each = static_cast<double>(m * n) * static_cast<double>(k);
    if (each * static_cast<double>(count) < 1e6) {
      for (std::size_t i = 0; i < count; ++i) one(i, {});
      if (done) done({0, all, 0, n});
      return;
    }
    const auto together = static_cast<std::size_t>(std::max(1.0, 5e5 / each));
    run_tasks((count + together - 1) / together, [&](std::size_t task) {
      const std::size_t first = task * together, end = std::min(count, first + together);
      for (std::size_t i = first; i < end; ++i) one(i, {});
      if (done) done({first * m, (end - first) * m, 0, n});
    });
  };
  out.dtype == DType::f32 ? run(float{}) : run(double{});
}

}  // namespace stochos::tensor
