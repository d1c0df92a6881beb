// Stacks of matrices: all axes but the last two.
#pragma once
#include <cstdint>
#include <vector>

#include "tensor/array.hpp"

namespace stochos::tensor {

inline Shape batch_of(const Shape& shape) {
  Shape batch = shape;
  batch.erase(batch.rank() - 1);
  batch.erase(batch.rank() - 1);
  return batch;
}

// Byte offsets of each matrix of `array` broadcast over `batch`, in C order.
inline std::vector<std::int64_t> offsets_of(const Array& array, const Shape& batch) {
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

}  // namespace stochos::tensor
