// Reactions that have begun and are not complete: M. Barrio, K. Burrage, A. Leier, T. Tian, "Oscillatory
// regulation of Hes1: discrete stochastic delay modelling and simulation", PLoS Comput. Biol. 2 (2006);
// X. Cai, "Exact stochastic simulation of coupled chemical reactions with delays", J. Chem. Phys. 126 (2007).
// Waiting times have no memory, so what a method has scheduled is drawn anew after a completion, and the law
// stays exact.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "reactions/network.hpp"

namespace stochos::reactions {

class Delays {
 public:
  Delays(const Network& network, random::Source& draws) : network_(network), draws_(draws) {}
  void begin() noexcept {
    waiting_.clear();
    started_ = 0;
  }
  // Time of the next completion; infinity when none is awaited.
  double next() const noexcept {
    return waiting_.empty() ? std::numeric_limits<double>::infinity() : waiting_.front().time;
  }
  // After a reaction fired at this time: keeps it if it has a delay, computed from the present state.
  void start(std::uint32_t reaction, const double* x, double* registers, double now) {
    if (network_.delay(reaction) != nullptr) keep(reaction, x, registers, now);
  }
  // Completes the one due next at this time; of those at one time, the one that began first. Returns the
  // number of the completion among the network's changers.
  std::uint32_t complete(double* x, double* registers, double now);

 private:
  struct Waiting {
    double time;
    std::uint64_t number;
    std::uint32_t reaction;
  };
  static bool after(const Waiting& a, const Waiting& b) noexcept {
    return a.time > b.time || (a.time == b.time && a.number > b.number);
  }
  void keep(std::uint32_t reaction, const double* x, double* registers, double now);

  const Network& network_;
  random::Source& draws_;
  std::vector<Waiting> waiting_;  // a heap
  std::uint64_t started_ = 0;
};

}  // namespace stochos::reactions
