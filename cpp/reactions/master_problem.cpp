#include "reactions/master_problem.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>

#include "base/error.hpp"

namespace stochos::reactions {
namespace {

[[noreturn]] void refuse(const std::string& text) {
  throw Error(ErrorKind::value, "reactions.master_equation", text);
}

}  // namespace

MasterProblem master_problem(const Network& network, std::vector<std::int64_t> bound,
                             std::size_t max_states) {
  if (!network.events().empty()) refuse("the network has events; the master equation is for reactions alone");
  if (network.rules_read_time()) refuse("a rule reads the time; the rates of a master equation are constant");
  if (network.has_first()) refuse("an initial value is drawn anew in each trajectory; give a number");
  if (network.has_delays())
    refuse("a reaction has a delay; the master equation is for reactions without memory");
  if (network.moves())
    refuse("a law or a rate moves with the time; the rates of a master equation are constant");
  const NetworkText& text = network.text();
  MasterProblem made;
  made.species = text.species;
  for (std::uint32_t r = 0; r < network.reactions(); ++r) made.reactions.push_back(network.reaction_name(r));
  auto slots = std::make_shared<std::vector<double>>(network.slots());
  auto registers = std::make_shared<std::vector<double>>(network.registers());
  network.start(0.0, slots->data(), registers->data());
  for (std::size_t s = 0; s < text.species.size(); ++s) {
    const double amount = (*slots)[s];
    if (amount != std::floor(amount) || amount < 0.0 || amount > 9007199254740992.0) {
      std::ostringstream message;
      message << text.species[s] << " is " << amount << " at the start; give a whole number";
      refuse(message.str());
    }
    made.initial.push_back(static_cast<std::int64_t>(amount));
    if (bound[s] >= 0 && made.initial[s] > bound[s]) {
      refuse(text.species[s] + " is " + std::to_string(made.initial[s]) + " at the start, above its bound " +
             std::to_string(bound[s]) + "; give a larger bound");
    }
  }
  made.bound = std::move(bound);
  made.change_start.push_back(0);
  for (std::uint32_t r = 0; r < network.reactions(); ++r) {
    for (const Change& change : network.changes(r)) {
      made.change_species.push_back(change.species);
      made.change_delta.push_back(static_cast<std::int64_t>(change.delta));
    }
    made.change_start.push_back(static_cast<std::int64_t>(made.change_species.size()));
  }
  made.propensities = [&network, slots, registers](const double* amounts, double* rates) {
    std::copy_n(amounts, network.species(), slots->begin());
    if (network.has_assignments()) network.assign(slots->data(), registers->data());
    for (std::uint32_t r = 0; r < network.reactions(); ++r) {
      rates[r] = network.propensity(r, slots->data(), registers->data());
    }
  };
  made.max_states = max_states;
  return made;
}

}  // namespace stochos::reactions
