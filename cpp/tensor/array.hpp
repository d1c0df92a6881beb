// Numbers in memory: a buffer seen through dtype, shape and strides.
#pragma once
#include "tensor/buffer.hpp"
#include "tensor/dtype.hpp"
#include "tensor/shape.hpp"

namespace stochos::tensor {

struct Array {
  Ref<Buffer> buffer;
  std::byte* data = nullptr;  // of element (0, ..., 0); inside the buffer
  DType dtype = DType::f32;
  Shape shape;
  Strides strides{};

  // Uninitialised, row-major.
  static Array make(DType dtype, const Shape& shape);
  // The same memory with another shape and strides, moved by `offset` elements.
  Array view(const Shape& new_shape, const Strides& new_strides, std::int64_t offset = 0) const;
  // Gives an output memory of its own, unless a program has set some aside for it.
  void allot();
  bool contiguous() const noexcept;
  // Itself when contiguous, else a row-major copy.
  Array packed() const;
  // Repeats along axes of size 1; shapes must fit.
  Array broadcast_to(const Shape& wider) const;
  std::int64_t size() const noexcept { return shape.size(); }
  template <class T>
  T* as() const noexcept {
    return reinterpret_cast<T*>(data);
  }
};

// Copies `from` into row-major memory of the same dtype, which it does not overlap (loops.cpp).
void copy_packed(const Array& from, void* to);

}  // namespace stochos::tensor
