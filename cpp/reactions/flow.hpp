// What moves between two reactions: the time, variables with rates, and rules over them.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "expr/interval.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

// Variables with rates are integrated by the pair of order 5(4) of J. R. Dormand, P. J. Prince, J. Comput.
// Appl. Math. 6 (1980), one step at a time, with the continuous extension of order 4 of E. Hairer, S. P.
// Norsett, G. Wanner, "Solving Ordinary Differential Equations I", II.6. Steps depend on the state alone,
// never on who asks for values between.
class Flow {
 public:
  explicit Flow(const Network& network);
  // The state is that of a new trajectory.
  void begin(double* x, double* registers, double now);
  // The state was changed: goes on from what the slots hold.
  void restart(double* x, double* registers, double now);
  // Values are known up to this time: the end of the present step, infinity without rates.
  double reach() const noexcept { return rates_ == 0 ? kNever : start_ + length_; }
  // The next step, from reach() on. The slots hold what they may afterwards.
  void step(double* x, double* registers);
  // Puts time, variables and rules of a time within the step into the slots.
  void set(double* x, double* registers, double time) const;
  // Encloses all that is read by what moves, over a part of the step.
  // `jumps` as in expr::enclose().
  void box(const double* x, double from, double to, expr::Interval* slots, expr::Interval* registers,
           bool* jumps = nullptr) const;

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  static constexpr std::size_t kStages = 7, kTerms = 5;
  void derivative(double* x, double* registers, double time, const double* y, double* out) const;
  void integrate(double* x, double* registers);
  double attempt(double* x, double* registers);
  bool jumps_within(const double* x);
  [[noreturn]] void fail(double time) const;

  const Network& network_;
  std::size_t rates_;
  bool may_jump_ = false;
  double start_ = 0, length_ = 0, wish_ = 0, longest_ = 0;
  int crossings_ = 0;  // steps one after the other that could not be freed of jumps
  std::vector<double> y_, end_, stage_, size_;
  std::vector<double> terms_;  // coefficients of the powers of (time - start) / length, of each variable
  std::vector<expr::Interval> box_, box_registers_;
};

}  // namespace stochos::reactions
