// The chemical master equation on a truncated state space, by uniformisation.
#pragma once
#include <span>
#include <vector>

#include "base/control.hpp"
#include "reactions/master_space.hpp"

namespace stochos::reactions {

struct MasterSolution {
  std::vector<double> probabilities;  // (T, M)
  std::vector<double> outside;        // (T): probability that has left the box, from where it never returns
  std::uint64_t products = 0;         // matrix times vector, how often
};

// Poisson(q) weights from `first` on, scaled to sum to 1; what is left out on both sides is at most
// `missing`.
struct PoissonWeights {
  std::size_t first = 0;
  std::vector<double> weight;
};
PoissonWeights poisson_weights(double q, double missing);

// Probabilities at `times` (ascending, >= 0), from all probability in the initial state at time 0. The error
// of the sums is at most `tolerance` in the 1-norm, beside rounding. The bits do not depend on `threads`.
// Uniformisation: A. Jensen, Skand. Aktuarietidskr. 36 (1953); weights after B. L. Fox and P. W. Glynn,
// Commun. ACM 31 (1988) 440; truncation with a sink: B. Munsky and M. Khammash, J. Chem. Phys. 124 (2006)
// 044104.
MasterSolution solve_master(const Generator& generator, std::span<const double> times, double tolerance,
                            unsigned threads, Control& control);

}  // namespace stochos::reactions
