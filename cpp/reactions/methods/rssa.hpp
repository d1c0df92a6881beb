// Rejection-based simulation: V. H. Thanh, C. Priami, R. Zunino, "Efficient rejection-based simulation of
// biochemical reactions with stochastic noise and delays", J. Chem. Phys. 141 (2014). Propensities are
// bounded over an interval around each amount and computed anew only when an amount leaves its interval; a
// candidate is taken with the chance of its true propensity over the bound. Best where each reaction moves
// many others and amounts are large.
#pragma once
#include <cstdint>
#include <vector>

#include "random/distributions.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

// A law that is an expression has no known bound: it is computed anew after each reaction that moves it.
class Rejection {
 public:
  Rejection(const Network& network, random::Key key);
  void begin(const double* x, double* registers, std::uint64_t record);
  void refresh(const double* x, double* registers, double time);
  double next(double now);
  std::uint32_t fire(double* x, double* registers, double now);
  void moved(std::uint32_t reaction, const double* x, double* registers, double now);
  // Work done since the object was made, for the choice of a method.
  std::uint64_t candidates() const noexcept { return candidates_; }
  std::uint64_t bounds() const noexcept { return bounds_; }

 private:
  static constexpr std::uint32_t kGroup = 16;
  void enclose(std::uint32_t species, double amount) noexcept;
  void bound(std::uint32_t reaction);
  void put(std::uint32_t reaction, double high) noexcept;
  void sum_up() noexcept;
  std::uint32_t select(double target) const noexcept;

  const Network& network_;
  random::Key key_;
  random::Source source_;
  std::uint32_t count_, groups_;
  std::vector<double> least_, most_;  // slots with the ends of the intervals
  std::vector<double> low_, high_, sum_;
  std::vector<std::uint8_t> touched_;
  std::vector<std::uint32_t> list_;
  std::vector<std::vector<std::uint32_t>> exact_;  // of each reaction: those with an expression that it moves
  std::uint32_t listed_ = 0, chosen_ = 0;
  std::uint64_t candidates_ = 0, bounds_ = 0;
  double total_ = 0;
  const double* x_ = nullptr;
  double* registers_ = nullptr;
};

}  // namespace stochos::reactions
