// Sorting direct method: J. M. McCollum, G. D. Peterson, C. D. Cox, M. L. Simpson, N. F. Samatova, "The
// sorting direct method for stochastic simulation of biochemical systems with varying reaction execution
// behavior", Comput. Biol. Chem. 30 (2006). A reaction that fires moves one place towards the front, past one
// that has fired less than half as often of late, so that the search for the busy ones is short.
//
// In a large network most reactions wait for a species that never comes: of the 45 propensities that an event
// of egfr_net may change, 7 are not 0. So mass action of order 0 to 2 sleeps until each of its reactants has
// been there once in the trajectory. Only reactions that are awake have a place and are computed, from laws
// that lie side by side; the search, the sums and what an event reads are as small as what takes part.
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
  // Since the object was made, for the choice of a method: propensities computed, groups of them summed.
  std::uint64_t computed() const noexcept { return computed_; }
  std::uint64_t summed() const noexcept { return propensity_.summed(); }

 private:
  // What a species says about one that reads it and is awake.
  struct Reader {
    double c;
    float less;
    std::uint32_t first, second, number;
  };
  void wake(std::uint32_t reaction) noexcept;
  void see(std::uint32_t species) noexcept;

  const Network& network_;
  Draws draws_;
  std::uint32_t count_, awake_ = 0;
  Sums propensity_;  // by place
  // Those that are awake have numbers, in the order of waking.
  std::vector<std::uint32_t> reaction_, place_, fired_;  // by number; how often it has fired of late
  std::vector<std::uint32_t> at_;                        // the number at a place
  std::vector<std::uint32_t> number_;                    // of a reaction
  std::vector<std::uint8_t> missing_;                    // of a reaction: reactants that have not been seen
  std::vector<std::uint8_t> seen_;                       // species that have been there in this trajectory
  std::vector<std::uint64_t> start_;                     // of the readers of a species
  std::vector<std::uint32_t> listed_;                    // how many of them are awake
  std::vector<Reader> readers_;
  std::uint32_t age_ = 0;
  std::uint64_t computed_ = 0;
  double uniform_ = 0;
};

}  // namespace stochos::reactions
