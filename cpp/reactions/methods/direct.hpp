// Direct method: D. T. Gillespie, "Exact stochastic simulation of coupled chemical reactions", J. Phys. Chem.
// 81 (1977), with the dependency graph of Gibson and Bruck. Best for networks of up to about a hundred
// reactions.
#pragma once
#include <cstdint>
#include <vector>

#include "reactions/methods/draws.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

// An event takes one block of the stream: tau = -log(u1)/a0 and the first j with u2 a0 < a_1 + ... + a_j,
// where the sums run in the order of the reactions and are never updated by differences.
class Direct {
 public:
  Direct(const Network& network, random::Key key);
  void begin(const double* x, double* registers, std::uint64_t record);
  void refresh(const double* x, double* registers, double time);
  double next(double now);
  std::uint32_t fire(double* x, double* registers, double now);
  void moved(std::uint32_t reaction, const double* x, double* registers, double now);

 private:
  void sum_from(std::size_t first) noexcept;
  std::uint32_t select(double target) const noexcept;

  const Network& network_;
  Draws draws_;
  std::size_t count_, padded_;
  std::vector<double> propensity_, sum_;  // sum_[j] = a_0 + ... + a_j; padding repeats infinity
  double total_ = 0, uniform_ = 0;
};

}  // namespace stochos::reactions
