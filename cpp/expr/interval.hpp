// Values of a program over ranges of its slots: R. E. Moore, "Interval Analysis", Prentice-Hall (1966).
#pragma once
#include <limits>

#include "expr/program.hpp"

namespace stochos::expr {

// All values from low to high, which may be infinite. One from minus to plus infinity may also hold what is
// not a number; any other holds numbers alone.
struct Interval {
  double low = 0.0, high = 0.0;

  static Interval point(double value) noexcept { return value == value ? Interval{value, value} : whole(); }
  static Interval whole() noexcept {
    constexpr double most = std::numeric_limits<double>::infinity();
    return {-most, most};
  }
  bool is_whole() const noexcept {
    constexpr double most = std::numeric_limits<double>::infinity();
    return low == -most && high == most;
  }
  bool holds(double value) const noexcept { return is_whole() || (low <= value && value <= high); }
  bool is_true() const noexcept { return low > 0 || high < 0; }  // no value counts as false
  bool is_false() const noexcept { return low == 0 && high == 0; }
};

// Encloses the value of an operation, as apply() computes it, for all arguments in the intervals. Each end is
// moved outwards by 2^-50 of itself for + - * /, and by 2^-46 for functions: more than any rounding of the
// hardware or of the C library.
Interval apply(Op op, Interval a, Interval b = {}, Interval c = {});

// Encloses Program::run() for all slots in the intervals; `registers` has room for register_count() of them.
// `jumps` becomes true where a comparison, a step or a choice of pieces can go more than one way inside.
Interval enclose(const Program& program, const Interval* slots, Interval* registers, bool* jumps = nullptr);

}  // namespace stochos::expr
