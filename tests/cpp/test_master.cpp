#include <cmath>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "check.hpp"
#include "reactions/master.hpp"

using namespace stochos;
using namespace stochos::reactions;

namespace {

// 0 -> X at rate k, X -> 0 at rate g each, X from 0.
MasterProblem birth_death(double k, double g, std::int64_t bound) {
  MasterProblem problem;
  problem.species = {"X"};
  problem.reactions = {"birth", "death"};
  problem.initial = {0};
  problem.bound = {bound};
  problem.change_start = {0, 1, 2};
  problem.change_species = {0, 0};
  problem.change_delta = {1, -1};
  problem.propensities = [=](const double* x, double* rates) {
    rates[0] = k;
    rates[1] = g * x[0];
  };
  problem.max_states = 100000;
  return problem;
}

template <class Work>
std::string message_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

// The weights are those of the Poisson distribution, for means from 0 to far beyond the range of exp(-q).
TEST(poisson_weights_are_poisson) {
  for (const double q : {0.0, 1e-9, 0.3, 1.0, 7.5, 100.0, 4096.0, 1e6}) {
    const PoissonWeights made = poisson_weights(q, 1e-14);
    double sum = 0, mean = 0;
    for (std::size_t k = 0; k < made.weight.size(); ++k) {
      const double n = static_cast<double>(made.first + k);
      sum += made.weight[k];
      mean += made.weight[k] * n;
      const double exact = q > 0 ? std::exp(n * std::log(q) - q - std::lgamma(n + 1)) : (n == 0 ? 1.0 : 0.0);
      CHECK(std::fabs(made.weight[k] - exact) <= 1e-12 + 1e-8 * exact);
    }
    CHECK(std::fabs(sum - 1) < 1e-13);
    CHECK(std::fabs(mean - q) <= 1e-11 * (1 + q));
  }
}

// Birth and death from 0: Poisson with mean k/g (1 - exp(-g t)).
TEST(birth_and_death_is_poisson) {
  Control control;
  const Generator g = build_generator(birth_death(20, 1, 120), control);
  CHECK(g.size() == 121);
  CHECK(g.first == 0);
  const std::vector<double> times{0.0, 0.5, 3.0, 500.0};
  const MasterSolution solution = solve_master(g, times, 1e-12, 1, control);
  for (std::size_t t = 0; t < times.size(); ++t) {
    const double mean = 20 * (1 - std::exp(-times[t]));
    double error = 0;
    for (std::size_t k = 0; k <= 120; ++k) {
      const double n = static_cast<double>(k);
      const double exact = mean > 0 ? std::exp(n * std::log(mean) - mean - std::lgamma(n + 1)) : (k == 0);
      error += std::fabs(solution.probabilities[t * 121 + k] - exact);
    }
    CHECK(error < 1e-11);
    CHECK(solution.outside[t] < 1e-12);
  }
}

// Of pure birth from 0 the box up to B is left when more than B events came: a Poisson tail.
TEST(what_leaves_the_box_is_counted) {
  Control control;
  const Generator g = build_generator(birth_death(3, 0, 4), control);
  const std::vector<double> times{1.0, 2.0};
  const MasterSolution solution = solve_master(g, times, 1e-13, 1, control);
  for (std::size_t t = 0; t < 2; ++t) {
    const double q = 3 * times[t];
    const double inside = std::exp(-q) * (1 + q + q * q / 2 + q * q * q / 6 + q * q * q * q / 24);
    CHECK(std::fabs(solution.outside[t] - (1 - inside)) < 1e-12);
  }
}

TEST(too_many_states_and_bad_rates_are_refused) {
  Control control;
  CHECK(message_of([&] { build_generator(birth_death(1, 1, -1), control); }).find("max_states = 100000") !=
        std::string::npos);
  const std::string negative = message_of([&] { build_generator(birth_death(-2, 1, 5), control); });
  CHECK(negative.find("reaction birth has the propensity -2 at X = 0") != std::string::npos);
  MasterProblem below = birth_death(0, 1, 5);
  below.propensities = [](const double*, double* rates) { rates[0] = 0, rates[1] = 1; };
  CHECK(message_of([&] { build_generator(below, control); }).find("make X negative") != std::string::npos);
}
