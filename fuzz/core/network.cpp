// The formulas of a network: laws, rules, rates, events, delays and conditions, one a line.
#include "reactions/network.hpp"

#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "targets.hpp"

namespace fuzz {
namespace {

using namespace stochos;

// The first letter of a line says what it is; A and B are species, k and y parameters, each law is of A -> B.
reactions::NetworkText text_of(const std::string& data) {
  reactions::NetworkText text;
  text.species = {"A", "B"};
  text.initial = {7, 2};
  text.parameters = {"k", "y"};
  text.values = {0.5, 1};
  text.reactant_start = {0};
  text.change_start = {0};
  std::istringstream lines(data);
  std::string line;
  while (std::getline(lines, line) && text.law.size() < 20) {
    if (line.empty()) continue;
    const std::string formula = line.substr(1);
    switch (line[0]) {
      case 'a':
        text.assignments.emplace_back("z" + std::to_string(text.assignments.size()), formula);
        break;
      case 't':
        text.rates.emplace_back("y", formula);
        break;
      case 'f':
        text.first.emplace_back("A", formula);
        break;
      case 'e':
        text.events.push_back({formula, "", "", true, true, true, {{"k", "k + 1"}}});
        break;
      case 'd':
        if (!text.law.empty())
          text.delays.push_back({static_cast<std::uint32_t>(text.law.size() - 1), formula, false, {{1, 1}}});
        break;
      default:
        text.law.push_back(formula);
        text.constant.push_back(0);
        text.gated.push_back(line[0] != 'u');
        text.reaction_names.push_back("r" + std::to_string(text.law.size()));
        text.reactant_species.push_back(0);
        text.reactant_count.push_back(1);
        text.reactant_start.push_back(static_cast<std::int64_t>(text.reactant_species.size()));
        text.change_species.insert(text.change_species.end(), {0, 1});
        text.change_delta.insert(text.change_delta.end(), {-1, 1});
        text.change_start.push_back(static_cast<std::int64_t>(text.change_species.size()));
    }
  }
  return text;
}

std::string network(const std::string& data) {
  try {
    const reactions::Network made(text_of(data));
    constexpr std::size_t kLanes = 12;  // a full vector and a part of one
    std::vector<double> x(made.slots()), registers(made.registers()), lanes(made.slots() * kLanes),
        out(kLanes), scratch(made.lanes_scratch(kLanes));
    made.start(0, x.data(), registers.data());
    for (std::size_t s = 0; s < x.size(); ++s) std::fill_n(lanes.data() + s * kLanes, kLanes, x[s]);
    for (std::uint32_t r = 0; r < made.reactions(); ++r) {
      const double one = made.propensity(r, x.data(), registers.data());
      if (made.is_quick(r)) continue;
      made.slow_lanes(r, lanes.data(), kLanes, out.data(), scratch.data());
      for (const double lane : out) want(same(one, lane), "another propensity in lanes");
    }
    for (std::uint32_t r = 0; r < made.reactions(); ++r) made.apply(r, x.data(), registers.data());
    const reactions::Formula condition = made.condition(data.substr(0, data.find('\n')));
    registers.resize(std::max(registers.size(), condition.registers()));
    condition.run(x.data(), registers.data());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

Target network_target() {
  return {"formulas of a network",
          network,
          {"rk*A\nr0.3*B/(1 + A^2)\naA + B\n", "rk*z0\naA*2\nek < 3 && time > 1\nt-y\n",
           "ru*k\nd2 + B\nfpoisson(3)\n", "uk*A*(A - 1)\nrpiecewise(1, A > B, 2)*y\nty*k\n", "A > 3\nrA\n"},
          {"A",   "B",   "k", "y", "z0", "time", "\nr",      "\na", "\nt", "\ne",
           "\nd", "\nf", "^", "(", ")",  "*",    "poisson(", ",",   "&&",  "<"}};
}

}  // namespace fuzz
