// Numbers without inputs.
#include <cmath>

#include "tensor/functions.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

template <class Number>
Value make_constant(DType dtype, Number number) {
  Array array = Array::make(dtype, {});
  dispatch(dtype, [&](auto t) {
    using T = decltype(t);
    *array.as<T>() = dtype == DType::b8 ? static_cast<T>(number != 0) : static_cast<T>(number);
  });
  return Node::leaf(std::move(array));
}

}  // namespace

Value constant(DType dtype, double number) {
  // The few numbers that derivatives use over and over are made once.
  static const Value zero[] = {make_constant(DType::f32, 0.0), make_constant(DType::f64, 0.0)};
  static const Value one[] = {make_constant(DType::f32, 1.0), make_constant(DType::f64, 1.0)};
  if (is_float(dtype) && number == 0 && !std::signbit(number)) return zero[static_cast<int>(dtype)];
  if (is_float(dtype) && number == 1) return one[static_cast<int>(dtype)];
  return make_constant(dtype, number);
}

Value constant(DType dtype, std::int64_t number) {
  return make_constant(dtype, number);
}

Value filled(DType dtype, const Shape& shape, double number) {
  const Value one = constant(dtype, number);
  return shape.rank() == 0 ? one : Node::leaf(one.array().view(shape, {}));
}

}  // namespace stochos::tensor
