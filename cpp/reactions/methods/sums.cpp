#include "reactions/methods/sums.hpp"

#include <limits>

namespace stochos::reactions {
namespace {

// In four sums, each of every fourth number: a chain of additions is what a sum takes its time for. One by
// one, as a wide load has to wait for the narrow stores just before it.
inline double sum_of(const double* a, std::uint32_t count) noexcept {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (std::uint32_t i = 0; i < count; i += 4) {
    s0 += a[i];
    s1 += a[i + 1];
    s2 += a[i + 2];
    s3 += a[i + 3];
  }
  return (s0 + s1) + (s2 + s3);
}

// The number in whose stretch the target lies, which becomes its distance from there. The sums here round in
// another order than those that the target comes from: what is left over goes to the last above 0, on this
// level and on those below it.
inline std::uint32_t find(const double* a, std::uint32_t count, double& target) noexcept {
  double rest = target;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (rest < a[i]) {
      target = rest;
      return i;
    }
    rest -= a[i];
  }
  target = std::numeric_limits<double>::infinity();
  std::uint32_t last = count - 1;
  while (last > 0 && !(a[last] > 0)) --last;
  return last;
}

}  // namespace

void Sums::sum_up() noexcept {
  if (groups_.listed == 0) return;
  groups_.sum_up(value_.data(), &blocks_);
  blocks_.sum_up(groups_.sum.data(), nullptr);
  total_ = sum_of(blocks_.sum.data(), (used_ + 3) & ~3U);
}

void Sums::Level::sum_up(const double* below, Level* above) noexcept {
  double* const to = sum.data();
  std::uint8_t* const is = touched.data();
  const std::uint32_t* const last = list.data() + listed;
  for (const std::uint32_t* group = list.data(); group != last; ++group) {
    to[*group] = sum_of(below + std::size_t{*group} * kGroup, kGroup);
    is[*group] = 0;
    if (above != nullptr) above->touch(*group / kGroup);
  }
  summed += listed;
  listed = 0;
}

std::uint32_t Sums::select(double target) const noexcept {
  std::uint32_t found = find(blocks_.sum.data(), used_, target) * kGroup;
  found = (found + find(groups_.sum.data() + found, kGroup, target)) * kGroup;
  return found + find(value_.data() + found, kGroup, target);
}

}  // namespace stochos::reactions
