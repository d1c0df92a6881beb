// The full symmetric matrix of co-occurrences as the fits read it: both halves, counts as floats.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/control.hpp"

namespace stochos::words {

struct PairMatrix {
  std::vector<std::int64_t> row_start;
  std::vector<std::uint32_t> column;  // ascending in each row
  std::vector<float> count;           // X[row, column], one rounding from the exact value
  std::size_t words() const { return row_start.size() - 1; }
};

// From the exact upper triangle in units of 1 / unit (X[a, a] is twice its entry).
PairMatrix make_pair_matrix(std::span<const std::int64_t> row_start, std::span<const std::uint32_t> column,
                            std::span<const std::uint64_t> value, double unit, unsigned threads,
                            Control& control);

}  // namespace stochos::words
