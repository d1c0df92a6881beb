#include "tensor/loops.hpp"

#include <algorithm>
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
// Offsets begin at `done`.
template <std::size_t N, class Call>
void rows_from(const Shape& shape, const std::array<Array, N>& operands, std::int64_t done, Call&& call) {
  std::array<const Array*, N> pointers;
  for (std::size_t k = 0; k < N; ++k) pointers[k] = &operands[k];
  alignas(64) std::byte scratch[N][kTile * 8];
  for_rows(shape, pointers, [&](std::byte* const* rows, const std::int64_t* steps, std::int64_t n) {
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

// The same on several threads when it is worth it, cut along the first axis as the shape says.
template <std::size_t N, class Call>
void in_rows(const Array& out, const std::array<Array, N>& operands, Call&& call) {
  constexpr std::int64_t kLeast = 1 << 15, kPiece = 1 << 13;  // elements
  const std::int64_t size = out.size(), rows = out.shape.rank() > 0 ? out.shape[0] : 1;
  if (size < kLeast || rows < 2) {
    rows_from(out.shape, operands, 0, call);
    return;
  }
  const std::int64_t each = size / rows, piece = std::max<std::int64_t>(1, kPiece / each);
  run_tasks(static_cast<std::size_t>((rows + piece - 1) / piece), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * piece;
    Shape shape = out.shape;
    shape[0] = std::min(piece, rows - first);
    std::array<Array, N> part;
    for (std::size_t k = 0; k < N; ++k)
      part[k] = operands[k].view(shape, operands[k].strides, first * operands[k].strides[0]);
    rows_from(shape, part, first * each, call);
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

}  // namespace

void run_unary(UnaryLoop loop, const Array& x, Array& out) {
  out = Array::make(out.dtype, out.shape);
  const Array packed = x.packed();
  const std::size_t from = item_size(x.dtype), to = item_size(out.dtype);
  in_parts(static_cast<std::size_t>(out.size()), from + to, [&](std::size_t first, std::size_t n) {
    loop(packed.data + first * from, out.data + first * to, n);
  });
}

void run_binary(BinaryLoop loop, const Array& a, const Array& b, Array& out) {
  out = Array::make(out.dtype, out.shape);
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
  in_rows(out, operands, [&](const auto& from, unsigned mode, std::int64_t n, std::int64_t offset) {
    loop(from[0], from[1], at(out.data, offset, to), static_cast<std::size_t>(n), static_cast<Mode>(mode));
  });
}

void run_select(SelectLoop loop, const Array& mask, const Array& a, const Array& b, Array& out) {
  out = Array::make(out.dtype, out.shape);
  const std::size_t item = item_size(out.dtype);
  std::array<Array, 3> operands{mask, a, b};
  broadcast_all(operands, out.shape);
  in_rows(out, operands, [&](const auto& from, unsigned mode, std::int64_t n, std::int64_t offset) {
    std::byte* to = at(out.data, offset, item);
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
  });
}

}  // namespace stochos::tensor
