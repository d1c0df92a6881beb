#include "tensor/array.hpp"

namespace stochos::tensor {

Array Array::make(DType dtype, const Shape& shape) {
  Array made;
  made.dtype = dtype;
  made.shape = shape;
  made.strides = row_major(shape);
  made.buffer = Buffer::make(static_cast<std::size_t>(shape.size()) * item_size(dtype));
  made.data = made.buffer->data();
  return made;
}

Array Array::view(const Shape& new_shape, const Strides& new_strides, std::int64_t offset) const {
  Array made;
  made.buffer = buffer;
  made.data = data + offset * static_cast<std::int64_t>(item_size(dtype));
  made.dtype = dtype;
  made.shape = new_shape;
  made.strides = new_strides;
  return made;
}

void Array::allot() {
  if (data == nullptr) *this = make(dtype, shape);
}

bool Array::contiguous() const noexcept {
  std::int64_t step = 1;
  bool dense = true;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    const std::int64_t n = shape[i];
    if (n == 0) return true;
    if (n != 1 && strides[static_cast<std::size_t>(i)] != step) dense = false;
    step *= n;
  }
  return dense;
}

Array Array::packed() const {
  if (contiguous()) return *this;
  Array made = make(dtype, shape);
  copy_packed(*this, made.data);
  return made;
}

Array Array::broadcast_to(const Shape& wider) const {
  Strides stretched{};
  const int shift = wider.rank() - shape.rank();
  for (int i = 0; i < shape.rank(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    stretched[at + static_cast<std::size_t>(shift)] = shape[i] == 1 ? 0 : strides[at];
  }
  return view(wider, stretched);
}

}  // namespace stochos::tensor
