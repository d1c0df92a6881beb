// The full symmetric matrix of co-occurrences as the fits read it: both halves, counts as floats.
#pragma once
#include "words/symmetric.hpp"

namespace stochos::words {

// value[k] is X[row, column], rounded once from the exact count.
using PairMatrix = FullRows<float>;

// From the exact upper triangle in units of 1 / unit (X[a, a] is twice its entry).
inline PairMatrix make_pair_matrix(const UpperView& upper, double unit, unsigned threads, Control& control) {
  return expand<float>(
      upper.row_start, upper.column, threads, control,
      [&](std::uint32_t row, std::uint32_t column, std::size_t k) {
        const double x = static_cast<double>(upper.value[k]) / unit;
        return static_cast<float>(row == column ? 2.0 * x : x);
      },
      [](float) { return true; });
}

}  // namespace stochos::words
