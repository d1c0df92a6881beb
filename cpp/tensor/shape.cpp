#include "tensor/shape.hpp"

#include <algorithm>

#include "tensor/context.hpp"

namespace stochos::tensor {

void Shape::push(std::int64_t size) {
  insert(rank_, size);
}

void Shape::insert(int axis, std::int64_t size) {
  if (rank_ == kMostAxes) fail("shape", "a tensor has at most 8 axes; reshape it to fewer");
  for (int i = rank_; i > axis; --i) (*this)[i] = (*this)[i - 1];
  (*this)[axis] = size;
  ++rank_;
}

void Shape::erase(int axis) {
  for (int i = axis; i + 1 < rank_; ++i) (*this)[i] = (*this)[i + 1];
  --rank_;
}

Strides row_major(const Shape& shape) noexcept {
  Strides strides{};
  std::int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[static_cast<std::size_t>(i)] = step;
    step *= std::max<std::int64_t>(1, shape[i]);
  }
  return strides;
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (int i = 0; i < shape.rank(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.rank() == 1 ? ",)" : ")");
}

bool try_broadcast(const Shape& a, const Shape& b, Shape& out) {
  const Shape& wide = a.rank() >= b.rank() ? a : b;
  const Shape& narrow = a.rank() >= b.rank() ? b : a;
  const int shift = wide.rank() - narrow.rank();
  out = wide;
  for (int i = 0; i < narrow.rank(); ++i) {
    const std::int64_t x = wide[i + shift], y = narrow[i];
    if (x == 1) {
      out[i + shift] = y;
    } else if (y != 1 && y != x) {
      return false;
    }
  }
  return true;
}

Shape broadcast(const char* operation, const Shape& a, const Shape& b) {
  Shape out;
  if (!try_broadcast(a, b, out)) {
    fail(operation, "shapes " + to_string(a) + " and " + to_string(b) +
                        " do not fit together: sizes must be equal or 1, counted from the last axis");
  }
  return out;
}

int normal_axis(const char* operation, std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    fail(operation, "axis " + std::to_string(axis) + " is out of range for a tensor with " +
                        std::to_string(rank) + " axes");
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace stochos::tensor
