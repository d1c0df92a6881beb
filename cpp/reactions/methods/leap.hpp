// Approximate methods: many reactions in one leap over time, in which the propensities are held. Best where
// amounts are large. A leap is as long as no propensity is expected to change by more than a part epsilon
// (Y. Cao, D. T. Gillespie, L. R. Petzold, "Efficient step size selection for the tau-leaping simulation
// method", J. Chem. Phys. 124 (2006)); reactions that could use up a reactant within ten firings are critical
// and fire one by one at their own times (the same, "Avoiding negative populations in explicit Poisson
// tau-leaping", J. Chem. Phys. 123 (2005)); a leap below zero is taken back and halved. Where a leap would
// hold few reactions, exact steps are made.
#pragma once
#include <cstdint>
#include <vector>

#include "random/distributions.hpp"
#include "reactions/methods/method.hpp"

namespace stochos::reactions {

enum class Leap {
  tau,       // Poisson numbers: D. T. Gillespie, J. Chem. Phys. 115 (2001)
  midpoint,  // with propensities at the expected middle of the leap (the same)
  implicit,  // M. Rathinam, L. R. Petzold, Y. Cao, D. T. Gillespie, J. Chem. Phys. 119 (2003)
  r_leap,    // the number of reactions is set, the time drawn: A. Auger, P. Chatelain, P. Koumoutsakos,
             // J. Chem. Phys. 125 (2006)
  langevin,  // normal numbers, rounded: D. T. Gillespie, J. Chem. Phys. 113 (2000)
  hybrid  // slow reactions fire exactly, whether critical or not: H. Salis, Y. Kaznessis, J. Chem. Phys. 122
          // (2005)
};

class LeapRunner : public Runner {
 public:
  // Throws Error(value) for a network with events, delays, or laws that move.
  LeapRunner(const Network& network, const Plan& plan, random::Key key, Leap kind);
  // Throws Error(value) when the recorder wants single events.
  Ending run(std::uint64_t trajectory, Recorder& recorder, const Control& control) override;

  std::uint64_t leaps() const noexcept { return leaps_; }
  std::uint64_t exact_steps() const noexcept { return exact_; }
  // Stops after so many leaps and exact steps, for a look ahead.
  void limit_work(std::uint64_t steps) noexcept { most_work_ = steps; }

 private:
  void find_orders();
  void find_pairs();
  void renew_all();
  double sum() const noexcept;
  double bound(std::uint32_t species) const noexcept;
  void find_critical();
  double longest_leap();
  bool draw_firings(double step);
  bool solve(double step);
  bool linear_solve();
  void shift(double step);
  bool apply(std::uint32_t extra);
  std::uint32_t choose(double target, bool slow) const noexcept;
  double r_leap(double longest, double horizon, double slow);

  const Network& network_;
  const Plan& plan_;
  random::Key key_;
  Leap kind_;
  double least_ = 10;  // reactions that a leap must hold to pay
  random::Source source_;
  std::vector<double> x_, next_, registers_, a_, b_, k_, drift_, spread_, matrix_, right_;
  std::vector<std::uint32_t> order_, same_;  // of each species: the highest order of a reaction that reads it
  std::vector<std::uint32_t> reverse_;       // of each reaction: the one that undoes it, or kNoReaction
  std::vector<std::uint8_t> slow_;           // of each reaction: fires one by one
  std::uint64_t leaps_ = 0, exact_ = 0, most_work_ = ~std::uint64_t{0};
};

std::unique_ptr<Runner> make_tau(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_midpoint(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_implicit(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_r_leap(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_langevin(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_hybrid(const Network&, const Plan&, random::Key);

}  // namespace stochos::reactions
