// Composition-rejection: A. Slepoy, A. P. Thompson, S. J. Plimpton, "A constant-time kinetic Monte Carlo
// algorithm for simulation of large biochemical reaction networks", J. Chem. Phys. 128 (2008). Propensities
// of one binary exponent stand in one group; the choice costs the same however many reactions there are. Best
// for thousands of reactions that all take part.
#pragma once
#include <cstdint>

#include "reactions/methods/powers.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

class CompositionRejection {
 public:
  CompositionRejection(const Network& network, random::Key key);
  void begin(const double* x, double* registers, std::uint64_t record);
  void refresh(const double* x, double* registers, double time);
  double next(double now);
  std::uint32_t fire(double* x, double* registers, double now);
  void moved(std::uint32_t reaction, const double* x, double* registers, double now);

 private:
  const Network& network_;
  random::Key key_;
  random::Source source_;
  Powers propensity_;
};

}  // namespace stochos::reactions
