// The operations as functions of values: dtypes are brought together here, shapes are checked by the
// operation.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/elementwise_codes.hpp"
#include "tensor/node.hpp"

namespace stochos::tensor {

// --- numbers
Value constant(DType dtype, double number);        // 0-d
Value constant(DType dtype, std::int64_t number);  // 0-d
Value filled(DType dtype, const Shape& shape,
             double number);  // one number seen through `shape`, no memory of it
inline Value zeros(DType dtype, const Shape& shape) {
  return filled(dtype, shape, 0.0);
}
// Integers and bool become float32.
Value as_float(const Value& x);

// --- elementwise (operations/unary.cpp, binary.cpp, select.cpp)
Value unary_op(kernels::unary::Code code, const Value& x);
Value logical_not(const Value& x);
Value isfinite(const Value& x);
Value cast(const Value& x, DType dtype);
Value stop_gradient(const Value& x);
// x; computing it throws Error(convergence) "[where] <what> is nan" when a number is not finite.
Value require_finite(const Value& x, const std::string& where, const std::string& what);
Value binary_op(kernels::binary::Code code, const Value& a, const Value& b);
Value floor_divide(const Value& a, const Value& b);  // rounded down; integers: 0 when b is 0
Value compare_op(kernels::compare::Code code, const Value& a, const Value& b);
Value logical_op(kernels::logical::Code code, const Value& a, const Value& b);
Value where(const Value& mask, const Value& a, const Value& b);

inline Value add(const Value& a, const Value& b) {
  return binary_op(kernels::binary::add, a, b);
}
inline Value sub(const Value& a, const Value& b) {
  return binary_op(kernels::binary::sub, a, b);
}
inline Value mul(const Value& a, const Value& b) {
  return binary_op(kernels::binary::mul, a, b);
}
inline Value div(const Value& a, const Value& b) {
  return binary_op(kernels::binary::div, a, b);
}
inline Value neg(const Value& x) {
  return unary_op(kernels::unary::neg, x);
}
inline Value exp(const Value& x) {
  return unary_op(kernels::unary::exp, x);
}
inline Value log(const Value& x) {
  return unary_op(kernels::unary::log, x);
}
inline Value sqrt(const Value& x) {
  return unary_op(kernels::unary::sqrt, x);
}
inline Value square(const Value& x) {
  return unary_op(kernels::unary::square, x);
}
inline Value tanh(const Value& x) {
  return unary_op(kernels::unary::tanh, x);
}
inline Value sigmoid(const Value& x) {
  return unary_op(kernels::unary::sigmoid, x);
}
inline Value equal(const Value& a, const Value& b) {
  return compare_op(kernels::compare::equal, a, b);
}
inline Value less(const Value& a, const Value& b) {
  return compare_op(kernels::compare::less, a, b);
}
inline Value greater(const Value& a, const Value& b) {
  return compare_op(kernels::compare::greater, a, b);
}
// The number takes the tensor's dtype.
Value add(const Value& a, double b);
Value mul(const Value& a, double b);

// --- reductions (operations/reduce.cpp); axes: bit i set for axis i
using Axes = std::uint32_t;
inline Axes all_axes(const Value& x) {
  return (1U << x.shape().rank()) - 1;
}
Value reduce_op(kernels::reduce::Code code, const Value& x, Axes axes, bool keep);
Value sum(const Value& x, Axes axes, bool keep = false);
Value mean(const Value& x, Axes axes, bool keep = false);
Value max(const Value& x, Axes axes, bool keep = false);
Value min(const Value& x, Axes axes, bool keep = false);
Value prod(const Value& x, Axes axes, bool keep = false);
Value any(const Value& x, Axes axes, bool keep = false);
Value all(const Value& x, Axes axes, bool keep = false);
Value argmax(const Value& x, int axis);
Value argmin(const Value& x, int axis);
Value cumsum(const Value& x, int axis);
// Sums away what broadcasting from `shape` had repeated.
Value sum_to(const Value& x, const Shape& shape);

// --- views (operations/views.cpp, slices.cpp)
Value reshape(const Value& x, const Shape& shape);
Value fresh(const Value& x);  // the same numbers as a node of its own
// One size may be -1: what is left.
Value reshape_with(const Value& x, const Shape& shape);
Value transpose(const Value& x, std::span<const int> order);
// Checks the axes, which may count from the end.
Value transpose_with(const Value& x, std::span<const std::int64_t> axes);
Value swap_last(const Value& x);  // the last two axes
Value move_axis(const Value& x, int from, int to);
Value expand(const Value& x, int axis);  // an axis of size 1
Value broadcast_to(const Value& x, const Shape& shape);
struct Slice {
  std::int64_t start, count, step;  // element start + i * step, i < count; inside the axis
};
Value slice(const Value& x, std::span<const Slice> slices);
Value slice_axis(const Value& x, int axis, std::int64_t start, std::int64_t count, std::int64_t step = 1);
Value flip(const Value& x, int axis);
// `fill` everywhere in `shape`, x at the places that slice(..., slices) would take.
Value unslice(const Value& x, const Shape& shape, std::span<const Slice> slices, double fill = 0);
Value pad(const Value& x, std::span<const std::int64_t> before, std::span<const std::int64_t> after,
          double fill);
Value concat(Inputs values, int axis);
// Both as operations, for those who put instructions together.
Ref<const Operation> concat_operation(int axis);
Ref<const Operation> slice_operation(std::span<const Slice> slices);

// --- gathering (operations/gather.cpp); indices are integers, negative ones count from the end
// int64 in 0..size-1; computing it throws Error(value) on one out of range.
Value normal_index(const Value& indices, std::int64_t size);
Value take(const Value& x, const Value& indices, int axis);
Value scatter_add(const Value& x, const Value& indices, int axis, std::int64_t size);
Value take_along_axis(const Value& x, const Value& indices, int axis);
Value scatter_along_axis(const Value& x, const Value& indices, int axis, std::int64_t size);

// --- products (operations/matmul.cpp)
Value matmul(const Value& a, const Value& b);

}  // namespace stochos::tensor
