// First reaction method: D. T. Gillespie, "A general method for numerically simulating the stochastic time
// evolution of coupled chemical reactions", J. Comput. Phys. 22 (1976). Each event draws a time for every
// reaction that can fire and takes the least. Never the quickest; the plainest check on the others.
#pragma once
#include <cstdint>
#include <vector>

#include "random/distributions.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

class First {
 public:
  First(const Network& network, random::Key key);
  void begin(const double* x, double* registers, std::uint64_t record);
  void refresh(const double* x, double* registers, double time);
  double next(double now);
  std::uint32_t fire(double* x, double* registers, double now);
  void moved(std::uint32_t reaction, const double* x, double* registers, double now);

 private:
  const Network& network_;
  random::Key key_;
  random::Source source_;
  std::vector<double> propensity_;
  std::uint32_t chosen_ = 0;
};

}  // namespace stochos::reactions
