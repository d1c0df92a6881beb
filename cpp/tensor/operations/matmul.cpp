// Matrix products as operations; multiply.cpp computes them.
#include <vector>

#include "tensor/functions.hpp"
#include "tensor/operation.hpp"
#include "tensor/operations/batch.hpp"
#include "tensor/operations/multiply.hpp"

namespace stochos::tensor {
namespace {

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

class MatMul : public Operation {
 public:
  MatMul() : Operation("matmul", Kind::product) {}
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
    out.allot();
    if (is_float(out.dtype)) {
      multiply_into(inputs[0], inputs[1], out, false, {});
      return;
    }
    // Whole numbers have no BLAS.
    const Shape batch = batch_of(out.shape);
    const auto left = offsets_of(inputs[0], batch), right = offsets_of(inputs[1], batch);
    const std::int64_t m = out.shape[out.shape.rank() - 2], n = out.shape.last();
    dispatch(out.dtype, [&](auto t) {
      using T = decltype(t);
      for (std::size_t i = 0; i < left.size(); ++i) {
        Array x = inputs[0], y = inputs[1];
        x.data += left[i], y.data += right[i];
        multiply_plain<T>(x, y, out.as<T>() + static_cast<std::int64_t>(i) * m * n, m, n, x.shape.last());
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
