// Loops over strided operands: axes that run on are joined, the innermost is left to the caller as a row.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "tensor/array.hpp"

namespace stochos::tensor {

// At most this many operands share a loop.
inline constexpr std::size_t kMostOperands = 4;

struct RowPlan {
  Shape shape;  // joined axes without the row
  std::int64_t row = 1;
  std::array<Strides, kMostOperands> strides{};           // bytes, of the joined axes
  std::array<std::int64_t, kMostOperands> row_strides{};  // elements
};

RowPlan plan_rows(const Shape& shape, std::span<const Array* const> operands);

// Calls row(pointers, steps in elements, n) for each innermost row in C order. All operands have `shape`.
template <class Row>
void for_rows(const Shape& shape, std::span<const Array* const> operands, Row&& row) {
  if (shape.size() == 0) return;
  const RowPlan plan = plan_rows(shape, operands);
  std::array<std::byte*, kMostOperands> at{};
  for (std::size_t k = 0; k < operands.size(); ++k) at[k] = operands[k]->data;
  std::array<std::int64_t, kMostAxes> index{};
  const int rank = plan.shape.rank();
  for (;;) {
    row(at.data(), plan.row_strides.data(), plan.row);
    int axis = rank - 1;
    for (; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      if (++index[a] < plan.shape[axis]) {
        for (std::size_t k = 0; k < operands.size(); ++k) at[k] += plan.strides[k][a];
        break;
      }
      for (std::size_t k = 0; k < operands.size(); ++k) at[k] -= plan.strides[k][a] * (plan.shape[axis] - 1);
      index[a] = 0;
    }
    if (axis < 0) return;
  }
}

template <class T>
void gather_as(const std::byte* from, std::int64_t step, std::byte* to, std::int64_t n) {
  const T* in = reinterpret_cast<const T*>(from);
  T* out = reinterpret_cast<T*>(to);
  if (step == 1) {
    std::memcpy(out, in, static_cast<std::size_t>(n) * sizeof(T));
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = in[i * step];
  }
}

// n elements of `item` bytes, `step` elements apart, into a row.
inline void gather(const std::byte* from, std::int64_t step, std::size_t item, std::byte* to,
                   std::int64_t n) {
  switch (item) {
    case 1:
      return gather_as<std::uint8_t>(from, step, to, n);
    case 4:
      return gather_as<std::uint32_t>(from, step, to, n);
    default:
      return gather_as<std::uint64_t>(from, step, to, n);
  }
}

}  // namespace stochos::tensor
