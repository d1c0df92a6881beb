// What a network draws at the start of each trajectory, and what its delayed reactions do at their end.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

void Network::compile_late() {
  const auto fail = [](const std::string& text) { throw Error(ErrorKind::value, "reactions.Network", text); };
  for (const auto& [name, text] : text_.first) {
    const std::uint32_t slot = target(name, "a start assigns");
    first_.emplace_back(slot, formula(text, "the first value of '" + name + "'", true));
  }
  delay_of_.assign(text_.delays.empty() ? 0 : reactions(), kNoDelay);
  for (const DelayText& text : text_.delays) {
    if (text.reaction >= reactions() || delay_of_[text.reaction] != kNoDelay)
      fail("the delays do not fit the reactions");
    Delay made;
    made.completion = static_cast<std::uint32_t>(change_start_.size() - 1);
    made.time = formula(text.time, "the delay of reaction " + reaction_name(text.reaction), true);
    made.at_end = text.at_end;
    for (const auto& [s, delta] : text.changes) {
      if (s >= species()) fail("the delays do not fit the species");
      changes_.push_back({static_cast<double>(delta), s});
    }
    change_start_.push_back(changes_.size());
    delay_of_[text.reaction] = static_cast<std::uint32_t>(delays_.size());
    delays_.push_back(std::move(made));
  }
}

// A species that no reaction names or reads, or that has a rate, is no count of molecules: events may give it
// any value.
void Network::find_counted() {
  counted_.assign(species(), 0);
  for (const std::uint32_t s : text_.reactant_species) counted_[s] = 1;
  for (const Change& change : changes_) counted_[change.species] = 1;
  for (std::uint32_t s = 0; s < species(); ++s)
    if (!readers_[s].empty()) counted_[s] = 1;
  for (const std::uint32_t slot : rate_slots_)
    if (slot < species()) counted_[slot] = 0;
}

void Network::set(std::uint32_t slot, double value, double* x, const std::string& who) const {
  const auto refuse = [&](const char* wanted) {
    std::ostringstream text;
    text << who << " sets " << (slot < species() ? "the amount of '" : "'") << slot_name(slot) << "' to "
         << std::to_string(value) << "; " << wanted;
    throw Error(ErrorKind::value, "reactions.simulate", text.str());
  };
  if (value != value) refuse("it must be a number: look at the arguments of what it is computed from");
  if (slot < species() && counted_[slot] != 0) {
    // An amount is whole; arithmetic on the way to it may be off by a few units in the last place.
    const double whole = std::round(value);
    if (!(whole >= 0 && std::abs(value - whole) <= 1e-9 * std::max(1.0, whole)))
      refuse("an amount is a whole number from 0 on");
    value = whole;
  }
  x[slot] = value;
}

void Network::draw_first(double* x, double* registers, random::Source& draws) const {
  for (const auto& [slot, formula] : first_) {
    set(slot, formula.run(x, registers, draws), x, "the start of a trajectory");
    assign(x, registers);
  }
  if (!first_.empty()) check_amounts(x, x[time_slot()]);
}

void Network::complete(std::uint32_t r, double* x, double* registers) const {
  const Delay& delay = delays_[delay_of_[r]];
  const std::span<const Change> changes = this->changes(delay.completion);
  if (delay.at_end && text_.gated[r] != 0) {
    for (const Change& change : changes)
      if (x[change.species] + change.delta < 0) return;
  }
  for (const Change& change : changes) {
    x[change.species] += change.delta;
    if (x[change.species] < 0)
      throw Error(ErrorKind::value, "reactions.simulate",
                  "the completion of reaction " + reaction_name(r) + " took the amount of '" +
                      slot_name(change.species) + "' below zero");
  }
  assign_moved(delay.completion, x, registers);
}

}  // namespace stochos::reactions
