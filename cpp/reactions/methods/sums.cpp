#include "reactions/methods/sums.hpp"

namespace stochos::reactions {

void Sums::sum_up() noexcept {
  if (listed_ == 0) return;
  for (std::uint32_t i = 0; i < listed_; ++i) {
    const double* a = value_.data() + std::size_t{list_[i]} * kGroup;
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (std::uint32_t j = 0; j < kGroup; j += 4) {
      s0 += a[j];
      s1 += a[j + 1];
      s2 += a[j + 2];
      s3 += a[j + 3];
    }
    sum_[list_[i]] = (s0 + s1) + (s2 + s3);
    touched_[list_[i]] = 0;
  }
  listed_ = 0;
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (std::size_t g = 0; g < sum_.size(); g += 4) {
    s0 += sum_[g];
    s1 += sum_[g + 1];
    s2 += sum_[g + 2];
    s3 += sum_[g + 3];
  }
  total_ = (s0 + s1) + (s2 + s3);
}

std::uint32_t Sums::select(double target) const noexcept {
  // The sums here round in another order than the total: what is left over goes to the last above 0.
  std::uint32_t last = 0;
  bool found = false;
  for (std::uint32_t g = 0; g < groups_; ++g) {
    if (!(sum_[g] > 0)) continue;
    last = g;
    if (target < sum_[g]) {
      found = true;
      break;
    }
    target -= sum_[g];
  }
  std::uint32_t chosen = last * kGroup;
  for (std::uint32_t p = last * kGroup; p < (last + 1) * kGroup; ++p) {
    if (!(value_[p] > 0)) continue;
    chosen = p;
    if (found && target < value_[p]) break;
    target -= value_[p];
  }
  return chosen;
}

}  // namespace stochos::reactions
