// The order in which an epoch of SGD goes over the blocks of stripes.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "random/stream.hpp"

namespace stochos::words {

// The pairs of stripes of one round, none of which shares a stripe with another.
using Round = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

// The rounds of a tournament of n stripes (n even) in the order of this epoch: each pair of stripes meets
// once, and each stripe itself.
std::vector<Round> tournament(std::uint32_t n, random::Key key, std::uint32_t epoch);

}  // namespace stochos::words
