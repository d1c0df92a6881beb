// The master equation's view of a network.
#pragma once
#include "reactions/master_space.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

// Throws Error(value) for events, for rules that read the time, and for amounts that are no whole numbers.
// The network must outlive the problem.
MasterProblem master_problem(const Network& network, std::vector<std::int64_t> bound, std::size_t max_states);

}  // namespace stochos::reactions
