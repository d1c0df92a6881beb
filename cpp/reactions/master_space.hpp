// The states that a network can reach inside a box, and the rates between them: the generator of its master
// equation.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/control.hpp"

namespace stochos::reactions {

// What the master equation needs of a network.
struct MasterProblem {
  std::vector<std::string> species, reactions;  // names, for messages
  std::vector<std::int64_t> initial;            // (S): where all probability is at time 0
  std::vector<std::int64_t> bound;              // (S): largest count kept; -1: none
  std::vector<std::int64_t> change_start;       // (R+1)
  std::vector<std::uint32_t> change_species;
  std::vector<std::int64_t> change_delta;
  // Fills rates (R) for amounts (S); the law may depend on nothing else.
  std::function<void(const double* amounts, double* rates)> propensities;
  std::size_t max_states = 0;
};

// The generator, by the state that is entered: state i gains rate[k] * p[source[k]] for k in [start[i],
// start[i+1]).
struct Generator {
  std::size_t species = 0;
  std::vector<std::int64_t> states;  // (M, S), ascending
  std::size_t first = 0;             // the initial state
  std::vector<std::int64_t> start;   // (M+1)
  std::vector<std::uint32_t> source;
  std::vector<double> rate;
  std::vector<double> exit;   // (M): rate of going elsewhere, out of the box included
  std::vector<double> leave;  // (M): rate of leaving the box; empty when no state can
  double fastest = 0.0;       // the largest of `exit`

  std::size_t size() const { return exit.size(); }
};

// Throws Error(value) when more than max_states states can be reached, on a negative or not finite
// propensity, and on a count below zero. Time and memory O(M R).
Generator build_generator(const MasterProblem& problem, Control& control);

}  // namespace stochos::reactions
