// Sorting direct method: J. M. McCollum, G. D. Peterson, C. D. Cox, M. L. Simpson, N. F. Samatova, "The
// sorting direct method for stochastic simulation of biochemical systems with varying reaction execution
// behavior", Comput. Biol. Chem. 30 (2006). A reaction that fires moves one place towards the front, so that
// the search for the busy ones is short. Best for networks of hundreds to thousands of reactions in which few
// reactions do most of the firing.
#pragma once
#include <cstdint>
#include <vector>

#include "reactions/methods/draws.hpp"
#include "reactions/methods/sums.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

class Sorting {
 public:
  Sorting(const Network& network, random::Key key);
  void begin(const double* x, double* registers, std::uint64_t record);
  void refresh(const double* x, double* registers, double time);
  double next(double now);
  std::uint32_t fire(double* x, double* registers, double now);
  void moved(std::uint32_t reaction, const double* x, double* registers, double now);

 private:
  const Network& network_;
  Draws draws_;
  std::uint32_t count_;
  Sums propensity_;                           // by place
  std::vector<std::uint32_t> place_, order_;  // of a reaction; the reaction at a place
  double uniform_ = 0;
};

}  // namespace stochos::reactions
