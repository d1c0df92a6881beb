// Matrix products. Transposed views are not copied.
#include <algorithm>
#include <vector>

#include "tensor/functions.hpp"
#include "tensor/operation.hpp"
#include "tensor/product.hpp"
#include "tensor/threads.hpp"

namespace stochos::tensor {
namespace {

// How product() sees the last two axes of an array.
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

// Integers and bool have no BLAS.
template <class T>
void multiply_plain(const Array& a, const Array& b, T* c, std::int64_t m, std::int64_t n, std::int64_t k) {
  const auto rank_a = static_cast<std::size_t>(a.shape.rank()),
             rank_b = static_cast<std::size_t>(b.shape.rank());
  const std::int64_t ai = a.strides[rank_a - 2], ak = a.strides[rank_a - 1], bk = b.strides[rank_b - 2],
                     bj = b.strides[rank_b - 1];
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      T total = 0;
      for (std::int64_t l = 0; l < k; ++l)
        total = static_cast<T>(total + a.as<T>()[i * ai + l * ak] * b.as<T>()[l * bk + j * bj]);
      c[i * n + j] = total;
    }
  }
}

Shape batch_of(const Shape& shape) {
  Shape batch = shape;
  batch.erase(batch.rank() - 1);
  batch.erase(batch.rank() - 1);
  return batch;
}

// Byte offsets of each matrix of `array` broadcast over `batch`, in C order.
std::vector<std::int64_t> offsets_of(const Array& array, const Shape& batch) {
  const int own = array.shape.rank() - 2, shift = batch.rank() - own;
  std::vector<std::int64_t> offsets{0};
  const auto item = static_cast<std::int64_t>(item_size(array.dtype));
  for (int axis = 0; axis < batch.rank(); ++axis) {
    const int a = axis - shift;
    const std::int64_t step =
        a < 0 || array.shape[a] == 1 ? 0 : array.strides[static_cast<std::size_t>(a)] * item;
    std::vector<std::int64_t> next;
    next.reserve(offsets.size() * static_cast<std::size_t>(batch[axis]));
    for (const std::int64_t offset : offsets) {
      for (std::int64_t i = 0; i < batch[axis]; ++i) next.push_back(offset + i * step);
    }
    offsets = std::move(next);
  }
  return offsets;
}

class MatMul : public Operation {
 public:
  MatMul() : Operation("matmul") {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    const Shape &a = inputs[0].shape(), &b = inputs[1].shape();
    if (a[a.rank() - 1] != b[b.rank() - 2]) {
      fail(name(), "shapes " + to_string(a) + " and " + to_string(b) + " do not fit: the first has " +
                       std::to_string(a[a.rank() - 1]) + " columns, the second " +
                       std::to_string(b[b.rank() - 2]) + " rows");
    }
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = broadcast(name(), batch_of(a), batch_of(b));
    outputs[0].shape.push(a[a.rank() - 2]);
    outputs[0].shape.push(b[b.rank() - 1]);
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    Array& out = outputs[0];
    out = Array::make(out.dtype, out.shape);
    if (out.size() == 0) return;
    Array a = inputs[0];
    const Array& b = inputs[1];
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
    if (k == 0) {
      std::fill_n(reinterpret_cast<char*>(out.data),
                  static_cast<std::size_t>(out.size()) * item_size(out.dtype), '\0');
      return;
    }
    const Shape batch = batch_of(shape);
    if (!is_float(out.dtype)) {
      const auto left = offsets_of(a, batch), right = offsets_of(b, batch);
      dispatch(out.dtype, [&](auto t) {
        using T = decltype(t);
        for (std::size_t i = 0; i < left.size(); ++i) {
          Array x = a, y = b;
          x.data += left[i], y.data += right[i];
          multiply_plain<T>(x, y, out.as<T>() + i * m * n, shape[shape.rank() - 2], shape.last(),
                            a.shape.last());
        }
      });
      return;
    }
    const Matrix p = matrix_of(a), q = matrix_of(b);
    const auto left = offsets_of(p.array, batch), right = offsets_of(q.array, batch);
    dispatch(out.dtype, [&](auto t) {
      using T = decltype(t);
      if constexpr (std::is_floating_point_v<T>) {
        const auto one = [&](std::size_t i) {
          product(p.transposed, q.transposed, m, n, k, reinterpret_cast<const T*>(p.array.data + left[i]),
                  p.leading, reinterpret_cast<const T*>(q.array.data + right[i]), q.leading, false,
                  out.as<T>() + i * m * n, n);
        };
        const double each = static_cast<double>(m * n) * static_cast<double>(k);
        const std::size_t count = left.size();
        if (count == 1 || each * static_cast<double>(count) < 1e6) {
          for (std::size_t i = 0; i < count; ++i) one(i);
          return;
        }
        const auto together = static_cast<std::size_t>(std::max(1.0, 5e5 / each));
        run_tasks((count + together - 1) / together, [&](std::size_t task) {
          for (std::size_t i = task * together; i < std::min(count, (task + 1) * together); ++i) one(i);
        });
      }
    });
  }
  void vjp(Vjp& call) const override {
    const Value &a = call.inputs[0], &b = call.inputs[1], &g = call.cotangents[0];
    if (!is_float(a.dtype())) return;
    if (call.needed[0]) call.result[0] = sum_to(matmul(g, swap_last(b)), a.shape());
    if (!call.needed[1]) return;
    if (b.shape().rank() == 2 && a.shape().rank() > 2) {
      // Summing over the batch is one longer product.
      const std::int64_t k = a.shape().last(), n = b.shape().last();
      const std::int64_t rows = k > 0 ? a.shape().size() / k : 0;
      call.result[1] = k == 0 ? zeros(b.dtype(), b.shape())
                              : matmul(swap_last(reshape(a, {rows, k})), reshape(g, {rows, n}));
      return;
    }
    call.result[1] = sum_to(matmul(swap_last(a), g), b.shape());
  }
  bool same(const Operation&) const override { return true; }
  double cost(Inputs inputs, std::span<const Array> outputs) const override {
    return static_cast<double>(outputs[0].size()) * static_cast<double>(inputs[0].shape().last()) / 8;
  }
};

}  // namespace

Value matmul(const Value& a, const Value& b) {
  if (a.shape().rank() == 0 || b.shape().rank() == 0)
    fail("matmul", "a number has no rows or columns; multiply it with *");
  const DType dtype = promote(a.dtype(), b.dtype());
  Value x = cast(a, dtype == DType::b8 ? DType::i32 : dtype),
        y = cast(b, dtype == DType::b8 ? DType::i32 : dtype);
  const bool row = x.shape().rank() == 1, column = y.shape().rank() == 1;
  if (row) x = expand(x, 0);
  if (column) y = expand(y, 1);
  Value product = apply(single<MatMul>(), {x, y});
  if (!row && !column) return product;
  Shape shape = product.shape();
  if (column) shape.erase(shape.rank() - 1);
  if (row) shape.erase(shape.rank() - (column ? 1 : 2));
  return reshape(product, shape);
}

}  // namespace stochos::tensor
