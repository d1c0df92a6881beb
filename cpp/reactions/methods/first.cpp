#include "reactions/methods/first.hpp"

#include "reactions/methods/loop.hpp"

namespace stochos::reactions {

First::First(const Network& network, random::Key key)
    : network_(network), key_(key), propensity_(network.reactions(), 0.0) {}

void First::begin(const double* x, double* registers, std::uint64_t record) {
  source_ = random::Source(key_, record);
  refresh(x, registers, 0);
}

void First::refresh(const double* x, double* registers, double) {
  for (std::uint32_t r = 0; r < propensity_.size(); ++r)
    propensity_[r] = network_.propensity(r, x, registers);
}

double First::next(double now) {
  double least = std::numeric_limits<double>::infinity();
  for (std::uint32_t r = 0; r < propensity_.size(); ++r) {
    const double a = propensity_[r];
    if (!(a > 0)) continue;
    if (!(a <= kMostTotal)) return no_reaction(a, now);
    const double wait = source_.exponential() / a;
    if (wait < least) {
      least = wait;
      chosen_ = r;
    }
  }
  return now + least;
}

std::uint32_t First::fire(double* x, double* registers, double) {
  network_.apply(chosen_, x, registers);
  moved(chosen_, x, registers, 0);
  return chosen_;
}

void First::moved(std::uint32_t reaction, const double* x, double* registers, double) {
  network_.renew(reaction, x, registers, [this](std::uint32_t j, double a) { propensity_[j] = a; });
}

std::unique_ptr<Runner> make_first(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<First>>(network, plan, key);
}

}  // namespace stochos::reactions
