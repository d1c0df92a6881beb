#include <cmath>
#include <limits>
#include <string>

#include "base/control.hpp"
#include "base/error.hpp"
#include "check.hpp"
#include "random/log.hpp"
#include "random/stream.hpp"
#include "reactions/ensemble.hpp"

using namespace stochos;
using namespace stochos::reactions;

namespace {

// -> X at 3, X -> at 0.5
NetworkText immigration_death() {
  NetworkText text;
  text.species = {"X"};
  text.initial = {4};
  text.reactant_start = {0, 0, 1};
  text.reactant_species = {0};
  text.reactant_count = {1};
  text.change_start = {0, 1, 2};
  text.change_species = {0, 0};
  text.change_delta = {1, -1};
  text.constant = {3, 0.5};
  text.law = {"", ""};
  text.gated = {1, 1};
  text.reaction_names = {"in", "out"};
  return text;
}

}  // namespace

// The stream contract, written out: block b of trajectory k gives event b.
TEST(direct_follows_the_stream_version_1) {
  const Network network(immigration_death());
  Request request;
  request.plan.times = {10, 20, 30};
  request.n = 3;
  request.first = 5;
  request.seed = 42;
  request.method = "direct";
  request.record = {0};
  Control control;
  const Outcome outcome = simulate(network, request, control);
  const random::Key key = random::stream_key(42, random::Purpose::trajectory);
  for (std::uint64_t k = 0; k < 3; ++k) {
    double x = 4, now = 0;
    std::uint64_t b = 0;
    std::size_t point = 0;
    while (point < 3) {
      const random::Block block = random::draw(key, 5 + k, b++);
      const double in = 3, out = 0.5 * x, total = in + out;
      now += -random::log(random::uniform_open(block[0], block[1])) / total;
      while (point < 3 && request.plan.times[point] < now) CHECK(outcome.values[k * 3 + point++] == x);
      x += random::uniform_open(block[2], block[3]) * total < in ? 1 : -1;
    }
    CHECK(outcome.events_each[k] == b - 1);
  }
}

TEST(dependents_are_those_that_read_what_changed) {
  const Network network(immigration_death());
  CHECK(network.dependents(0).size() == 1 && network.dependents(0)[0] == 1);
  CHECK(network.dependents(1).size() == 1 && network.dependents(1)[0] == 1);
}

TEST(lists_that_do_not_fit_are_refused) {
  for (int i = 0; i < 4; ++i) {
    NetworkText text = immigration_death();
    if (i == 0) text.change_species[1] = 7;
    if (i == 1) text.reactant_start[1] = 5;
    if (i == 2) text.constant.pop_back();
    if (i == 3) text.species.push_back("X");
    bool refused = false;
    try {
      const Network network(text);
    } catch (const Error& error) {
      refused = error.kind() == ErrorKind::value;
    }
    CHECK(refused);
  }
}
