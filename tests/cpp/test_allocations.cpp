// No event takes memory: a run of ten times the events makes as many allocations.
#include <string>

#include "base/control.hpp"
#include "check.hpp"
#include "memory.hpp"
#include "reactions/ensemble.hpp"

using namespace stochos;
using namespace stochos::reactions;

namespace {

// A ring of species, one molecule in three, whose molecules also meet in pairs, come and go; the rates lie
// far apart, so that propensities wander between exponents. One law is an expression.
Network ring(std::uint32_t count, double amount) {
  NetworkText text;
  text.reactant_start = text.change_start = {0};
  const auto reaction = [&](std::initializer_list<std::uint32_t> left,
                            std::initializer_list<std::pair<std::uint32_t, int>> changes, double c,
                            const std::string& law) {
    for (const std::uint32_t s : left) {
      text.reactant_species.push_back(s);
      text.reactant_count.push_back(1);
    }
    for (const auto& [s, delta] : changes) {
      text.change_species.push_back(s);
      text.change_delta.push_back(delta);
    }
    text.reactant_start.push_back(static_cast<std::int64_t>(text.reactant_species.size()));
    text.change_start.push_back(static_cast<std::int64_t>(text.change_species.size()));
    text.constant.push_back(c);
    text.law.push_back(law);
    text.gated.push_back(1);
    text.reaction_names.push_back(std::to_string(text.reaction_names.size()));
  };
  for (std::uint32_t s = 0; s < count; ++s) {
    const std::uint32_t next = (s + 1) % count, far = (s + 7) % count;
    text.species.push_back(std::string("S").append(std::to_string(s)));
    text.initial.push_back(s % 3 == 0 ? amount : 0);
    reaction({s}, {{s, -1}, {next, 1}}, 0.01 * (1 + s * s % 97), "");
    reaction({s, far}, {{s, -1}, {far, 1}}, 0.3, "");
  }
  reaction({}, {{0, 1}}, 5, "");
  reaction({1}, {{1, -1}}, 0, "0.2*S1/(1 + 0.1*S1)");
  return Network(std::move(text));
}

std::uint64_t allocations(const Network& network, const std::string& method, std::uint64_t events,
                          std::uint64_t n, std::size_t lanes, bool leap) {
  Request request;
  request.plan.times = {1e6, 1e7};
  request.plan.max_events = events;
  request.plan.always_leap = leap;
  request.n = n;
  request.method = method;
  request.keep = Keep::final;
  request.lanes = lanes;
  request.record = {0, 1};
  const std::uint64_t before = memory::made();
  Control control;
  const Outcome outcome = simulate(network, request, control);
  const std::uint64_t after = memory::made();
  CHECK(outcome.method == method);
  CHECK(outcome.events >= events * n);
  return after - before;
}

void same(const Network& network, const std::string& method, std::uint64_t few, std::uint64_t many,
          std::uint64_t n, std::size_t lanes, bool leap) {
  allocations(network, method, few, n, lanes, leap);  // what a process makes but once
  const std::uint64_t less = allocations(network, method, few, n, lanes, leap);
  const std::uint64_t more = allocations(network, method, many, n, lanes, leap);
  CHECK(less == more);
  if (less != more)
    std::fprintf(stderr, "  %s: %d and %d\n", method.c_str(), static_cast<int>(less), static_cast<int>(more));
}

}  // namespace

TEST(allocations_are_counted) {
  const std::uint64_t before = memory::made();
  // Through volatile pointers, or the compiler does without.
  int* volatile one = new int(7);
  double* volatile three = new double[3];
  delete one;
  delete[] three;
  CHECK(memory::made() - before == 2);
}

TEST(no_event_of_an_exact_method_allocates) {
  const Network network = ring(40, 4);
  for (const char* method : {"direct", "sorting", "first", "next", "cr", "rssa", "rssacr"})
    same(network, method, 1000, 30000, 1, 0, false);
}

TEST(no_step_of_the_lanes_allocates) {
  const Network network = ring(8, 4);
  for (const std::size_t lanes : {8UL, 16UL, 32UL}) same(network, "direct", 100, 3000, 40, lanes, false);
}

TEST(no_leap_allocates) {
  const Network network = ring(8, 9000);
  for (const char* method : {"tau", "midpoint", "implicit", "r_leap", "langevin", "hybrid"})
    same(network, method, 20000, 400000, 1, 0, true);
}
