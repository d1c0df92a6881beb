// The total of the sums of groups, which both methods that keep such sums take in this one order.
#pragma once
#include <cstddef>
#include <vector>

namespace stochos::reactions {

// The number of sums is a multiple of 4.
inline double total_of(const std::vector<double>& sums) noexcept {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (std::size_t g = 0; g < sums.size(); g += 4) {
    s0 += sums[g];
    s1 += sums[g + 1];
    s2 += sums[g + 2];
    s3 += sums[g + 3];
  }
  return (s0 + s1) + (s2 + s3);
}

}  // namespace stochos::reactions
