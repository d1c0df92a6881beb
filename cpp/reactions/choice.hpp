// Which method runs: the one that is named, or for "auto" the one that a deterministic estimate finds
// quickest.
#pragma once
#include <string>

#include "reactions/ensemble.hpp"
#include "reactions/methods/method.hpp"

namespace stochos::reactions {

struct Choice {
  std::string name;
  MakeRunner make = nullptr;
};

// A function of the network, the seed, the start and the output times: never of n, first, threads or a clock,
// so that trajectory k stays the same in every batch. Throws Error(value) for an unknown name.
Choice choose(const Network& network, const Request& request);

}  // namespace stochos::reactions
