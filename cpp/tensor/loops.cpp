#include "tensor/loops.hpp"

#include <array>
#include <cstring>

#include "tensor/strided.hpp"

namespace stochos::tensor {
namespace {

constexpr std::int64_t kTile = 1024;    // elements of a gathered piece of a row
constexpr std::int64_t kShortRow = 16;  // shorter rows are cheaper packed first

std::byte* at(std::byte* data, std::int64_t i, std::size_t item) {
  return data + i * static_cast<std::int64_t>(item);
}

// Calls call(pointers, mode bits, n, out offset) on pieces in which each operand is a vector or one number.
template <std::size_t N, class Call>
void in_rows(const Array& out, const std::array<Array, N>& operands, Call&& call) {
  std::array<const Array*, N> pointers;
  for (std::size_t k = 0; k < N; ++k) pointers[k] = &operands[k];
  alignas(64) std::byte scratch[N][kTile * 8];
  std::int64_t done = 0;
  for_rows(out.shape, pointers, [&](std::byte* const* rows, const std::int64_t* steps, std::int64_t n) {
    bool plain = true;
    unsigned mode = 0;
    for (std::size_t k = 0; k < N; ++k) {
      if (steps[k] == 0 || n == 1) {
        mode |= 1U << k;
      } else {
        plain = plain && steps[k] == 1;
      }
    }
    const std::int64_t piece = plain ? n : kTile;
    for (std::int64_t first = 0; first < n; first += piece) {
      const std::int64_t count = n - first < piece ? n - first : piece;
      std::array<const void*, N> from;
      for (std::size_t k = 0; k < N; ++k) {
        const std::size_t item = item_size(operands[k].dtype);
        if ((mode >> k & 1U) != 0) {
          from[k] = rows[k];
        } else if (steps[k] == 1) {
          from[k] = at(rows[k], first, item);
        } else {
          gather(at(rows[k], first * steps[k], item), steps[k], item, scratch[k], count);
          from[k] = scratch[k];
        }
      }
      call(from, mode, count, done + first);
    }
    done += n;
  });
}

template <std::size_t N>
void broadcast_all(std::array<Array, N>& operands, const Shape& shape) {
  const std::int64_t last = shape.last();
  for (Array& operand : operands) {
    if (!(operand.shape == shape)) operand = operand.broadcast_to(shape);
    const bool one = shape.rank() > 0 && operand.size() > 0 &&
                     operand.strides == Strides{};  // a single number everywhere stays one
    if (!one && last < kShortRow && shape.size() > kShortRow) operand = operand.packed();
  }
}

// The first axis along which there is something to cut.
int cut_axis(const Shape& shape) {
  int axis = 0;
  while (axis < shape.rank() - 1 && shape[axis] == 1) ++axis;
  return axis;
}

Array slab(const Array& array, int axis, std::size_t first, std::size_t count) {
  Shape shape = array.shape;
  shape[axis] = static_cast<std::int64_t>(count);
  return array.view(shape, array.strides,
                    static_cast<std::int64_t>(first) * array.strides[static_cast<std::size_t>(axis)]);
}

// Calls call(part of out, parts of the operands), which have its shape.
template <std::size_t N, class Call>
void in_slabs(const Array& out, const std::array<Array, N>& operands, Call&& call) {
  const int axis = cut_axis(out.shape);
  if (out.shape.rank() == 0) return call(out, operands);
  std::size_t bytes = item_size(out.dtype);
  for (const Array& operand : operands) bytes += item_size(operand.dtype);
  const auto n = static_cast<std::size_t>(out.shape[axis]);
  in_parts(n, static_cast<std::size_t>(out.size()) / n * bytes, [&](std::size_t first, std::size_t count) {
    if (count == n) return call(out, operands);
    std::array<Array, N> parts;
    for (std::size_t k = 0; k < N; ++k) parts[k] = slab(operands[k], axis, first, count);
    call(slab(out, axis, first, count), parts);
  });
}

}  // namespace

void copy_packed(const Array& from, void* to) {
  const std::size_t item = item_size(from.dtype);
  if (from.size() == 0) return;
  if (from.contiguous()) {
    std::memcpy(to, from.data, static_cast<std::size_t>(from.size()) * item);
    return;
  }
  Array target;
  target.data = static_cast<std::byte*>(to);
  target.dtype = from.dtype;
  target.shape = from.shape;
  target.strides = row_major(from.shape);
  in_slabs(target, std::array<Array, 1>{from}, [&](const Array& out, const std::array<Array, 1>& part) {
    std::byte* at = out.data;
    const Array* operands[] = {part.data()};
    for_rows(out.shape, operands, [&](std::byte* const* rows, const std::int64_t* steps, std::int64_t n) {
      gather(rows[0], steps[0], item, at, n);
      at += static_cast<std::size_t>(n) * item;
    });
  });
}

void run_unary(UnaryLoop loop, const Array& x, Array& out) {
  out.allot();
  const Array packed = x.packed();
  const std::size_t from = item_size(x.dtype), to = item_size(out.dtype);
  in_parts(static_cast<std::size_t>(out.size()), from + to, [&](std::size_t first, std::size_t n) {
    loop(packed.data + first * from, out.data + first * to, n);
  });
}

void run_binary(BinaryLoop loop, const Array& a, const Array& b, Array& out) {
  out.allot();
  const std::size_t item = item_size(a.dtype), to = item_size(out.dtype);
  const auto size = static_cast<std::size_t>(out.size());
  if (size == 0) return;
  const bool one_a = a.size() == 1, one_b = b.size() == 1;
  const bool flat_a = one_a || (a.shape == out.shape && a.contiguous());
  const bool flat_b = one_b || (b.shape == out.shape && b.contiguous());
  if (flat_a && flat_b) {
    const auto mode = static_cast<Mode>((one_a ? 1 : 0) | (one_b ? 2 : 0));
    in_parts(size, 2 * item + to, [&](std::size_t first, std::size_t n) {
      loop(one_a ? a.data : a.data + first * item, one_b ? b.data : b.data + first * item,
           out.data + first * to, n, mode);
    });
    return;
  }
  std::array<Array, 2> operands{a, b};
  broadcast_all(operands, out.shape);
  in_slabs(out, operands, [&](const Array& part, const auto& given) {
    in_rows(part, given, [&](const auto& from, unsigned mode, std::int64_t n, std::int64_t offset) {
      loop(from[0], from[1], at(part.data, offset, to), static_cast<std::size_t>(n), static_cast<Mode>(mode));
    });
  });
}

void run_select(SelectLoop loop, const Array& mask, const Array& a, const Array& b, Array& out) {
  out.allot();
  const std::size_t item = item_size(out.dtype);
  std::array<Array, 3> operands{mask, a, b};
  broadcast_all(operands, out.shape);
  const auto rows = [&](const Array& part, const auto& from, unsigned mode, std::int64_t n,
                        std::int64_t offset) {
    std::byte* to = at(part.data, offset, item);
    const auto numbers = static_cast<Mode>(mode >> 1);
    const auto* chosen = static_cast<const std::uint8_t*>(from[0]);
    if ((mode & 1U) == 0) {
      loop(chosen, from[1], from[2], to, static_cast<std::size_t>(n), numbers);
      return;
    }
    // One truth for the whole piece: a block of it serves.
    std::uint8_t same[kTile];
    std::memset(same, *chosen, sizeof same);
    for (std::int64_t first = 0; first < n; first += kTile) {
      const std::int64_t count = n - first < kTile ? n - first : kTile;
      const auto* x = static_cast<const std::byte*>(from[1]);
      const auto* y = static_cast<const std::byte*>(from[2]);
      const auto skip = first * static_cast<std::int64_t>(item);
      loop(same, (numbers & 1) != 0 ? x : x + skip, (numbers & 2) != 0 ? y : y + skip, to + skip,
           static_cast<std::size_t>(count), numbers);
    }
  };
  if (out.size() == 0) return;
  in_slabs(out, operands, [&](const Array& part, const auto& given) {
    in_rows(part, given, [&](const auto& from, unsigned mode, std::int64_t n, std::int64_t offset) {
      rows(part, from, mode, n, offset);
    });
  });
}

}  // namespace stochos::tensor
