// Composition-rejection: A. Slepoy, A. P. Thompson, S. J. Plimpton, "A constant-time kinetic Monte Carlo
// algorithm for simulation of large biochemical reaction networks", J. Chem. Phys. 128 (2008). Propensities
// of one binary exponent stand in one group; the choice costs the same however many reactions there are. Best
// for thousands of reactions that all take part.
#pragma once
#include <cstdint>
#include <vector>

#include "random/distributions.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

// Sums of a group are whole numbers of units in the last place, so they are exact after any number of
// updates.
class CompositionRejection {
 public:
  CompositionRejection(const Network& network, random::Key key);
  void begin(const double* x, double* registers, std::uint64_t record);
  void refresh(const double* x, double* registers, double time);
  double next(double now);
  std::uint32_t fire(double* x, double* registers, double now);
  void moved(std::uint32_t reaction, const double* x, double* registers, double now);

 private:
  static constexpr std::uint32_t kGroups = 2047;  // exponents of a finite double
  struct Group {
    std::uint64_t high = 0, low = 0;  // sums of the two halves of the significands
    double sum = 0;
    std::vector<std::uint32_t> members;
  };
  void set(std::uint32_t reaction, double a);
  void sum_up() noexcept;
  std::uint32_t select();

  const Network& network_;
  random::Key key_;
  random::Source source_;
  std::vector<std::uint64_t> significand_;  // 0: the propensity is 0
  std::vector<std::uint16_t> group_;
  std::vector<std::uint32_t> where_;  // place among the members of its group
  std::vector<Group> groups_;
  std::vector<std::uint16_t> active_;  // groups that have had members, largest exponent first
  double total_ = 0;
};

}  // namespace stochos::reactions
