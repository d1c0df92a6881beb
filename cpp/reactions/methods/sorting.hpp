// Sorting direct method: J. M. McCollum, G. D. Peterson, C. D. Cox, M. L. Simpson, N. F. Samatova, "The
// sorting direct method for stochastic simulation of biochemical systems with varying reaction execution
// behavior", Comput. Biol. Chem. 30 (2006). A reaction that fires moves one place towards the front, so that
// the search for the busy ones is short. Best for networks of hundreds to thousands of reactions in which few
// reactions do most of the firing.
#pragma once
#include <cstdint>
#include <vector>

#include "reactions/methods/draws.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

// Places are summed in groups; a group that was touched is summed anew from its propensities, so no error
// grows.
class Sorting {
 public:
  Sorting(const Network& network, random::Key key);
  void begin(const double* x, double* registers, std::uint64_t record);
  void refresh(const double* x, double* registers, double time);
  double next(double now);
  std::uint32_t fire(double* x, double* registers, double now);
  void moved(std::uint32_t reaction, const double* x, double* registers, double now);

 private:
  static constexpr std::uint32_t kGroup = 16;
  void touch(std::uint32_t group) noexcept {
    if (touched_[group] != 0) return;
    touched_[group] = 1;
    list_[listed_++] = group;
  }
  void sum_up() noexcept;
  std::uint32_t select(double target) const noexcept;

  const Network& network_;
  Draws draws_;
  std::uint32_t count_, groups_;
  std::vector<double> propensity_, sum_;      // by place; by group
  std::vector<std::uint32_t> place_, order_;  // of a reaction; the reaction at a place
  std::vector<std::uint8_t> touched_;
  std::vector<std::uint32_t> list_;
  std::uint32_t listed_ = 0;
  double total_ = 0, uniform_ = 0;
};

}  // namespace stochos::reactions
