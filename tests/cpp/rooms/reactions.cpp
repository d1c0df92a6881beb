#include <string>
#include <vector>

#include "base/control.hpp"
#include "calls.hpp"
#include "reactions/ensemble.hpp"
#include "reactions/master.hpp"
#include "reactions/master_problem.hpp"

using namespace stochos;
using namespace stochos::reactions;

namespace {

// A comes and goes, two A are B, and B goes by an expression, or with draws by chance and a delay.
NetworkText some_network() {
  NetworkText text;
  text.species = {"A", "B"};
  text.initial = {12, 3};
  text.reactant_start = {0, 0, 1, 2, 3};
  text.reactant_species = {0, 0, 1};
  text.reactant_count = {1, 2, 1};
  text.change_start = {0, 1, 2, 4, 5};
  text.change_species = {0, 0, 0, 1, 1};
  text.change_delta = {1, -1, -2, 1, -1};
  text.constant = {3, 0.5, 0.05, 0};
  text.law = {"", "", "", "0.3*B/(1 + A^2)"};
  text.gated = {1, 1, 1, 1};
  text.reaction_names = {"in", "out", "dimer", "gone"};
  return text;
}

double simulated(const char* method, Keep keep, unsigned threads = 1, std::uint64_t n = 3,
                 Device device = Device::cpu) {
  const Network network(some_network());
  Request request;
  request.plan.times = {0.5, 1, 2};
  request.n = n;
  request.seed = 4;
  request.threads = threads;
  request.method = method;
  request.device = device;
  request.keep = keep;
  request.record = {0, 1};
  request.covariance = true;
  if (keep == Keep::histogram) request.low = {0, 0}, request.high = {20, 20};
  if (keep == Keep::first_passage) request.condition = "B > 3";
  Control control;
  const Outcome outcome = simulate(network, request, control);
  double total = static_cast<double>(outcome.events);
  for (const double value : outcome.values) total += value;
  for (const double value : outcome.final) total += value;
  for (const double value : outcome.event_time) total += value;
  return total;
}

double solved() {
  const Network network(some_network());
  Control control;
  const MasterProblem problem = master_problem(network, {15, 8}, 10000);
  const Generator generator = build_generator(problem, control);
  const std::vector<double> times{0.1, 0.4};
  const MasterSolution solution = solve_master(generator, times, 1e-9, 1, control);
  double total = 0;
  for (const double p : solution.probabilities) total += p;
  return total;
}

double refused() {
  NetworkText text = some_network();
  text.law[3] = "0.3*B/(1 + A^2";
  try {
    const Network network(std::move(text));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return 1;
  }
  return 0;
}

}  // namespace

std::vector<rooms::Call> rooms::reactions_calls() {
  std::vector<Call> made;
  for (const char* method : {"direct", "sorting", "first", "next", "cr", "rssa", "rssacr", "tau", "midpoint",
                             "implicit", "r_leap", "langevin", "hybrid", "auto"}) {
    made.push_back(
        {std::string("reactions, ") + method, [=] { return simulated(method, Keep::trajectories); }});
  }
  made.insert(made.end(),
              {{"reactions, moments", [] { return simulated("direct", Keep::moments); }},
               {"reactions, final", [] { return simulated("direct", Keep::final); }},
               {"reactions, histogram", [] { return simulated("direct", Keep::histogram); }},
               {"reactions, first passages", [] { return simulated("direct", Keep::first_passage); }},
               {"reactions, events", [] { return simulated("direct", Keep::events); }},
               {"reactions, lanes", [] { return simulated("direct", Keep::trajectories, 1, 40); }},
               {"reactions, a card's reference",
                [] {
                  return simulated("direct", Keep::trajectories, 1, 3, Device::cuda_reference) +
                         simulated("direct", Keep::moments, 1, 70, Device::cuda_reference);
                }},
               {"reactions, by three", [] { return simulated("next", Keep::moments, 3, 64); }, false},
               {"reactions, master equation", solved},
               {"reactions, bad text", refused}});
  return made;
}
