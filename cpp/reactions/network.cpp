#include "reactions/network.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace stochos::reactions {
namespace {

constexpr const char* kWhere = "reactions.Network";
constexpr double kMostAmount = 9007199254740992.0;  // 2^53: whole numbers are exact below it

[[noreturn]] void fail(const std::string& text) {
  throw Error(ErrorKind::value, kWhere, text);
}

void check_lists(const std::vector<std::int64_t>& start, std::size_t reactions, std::size_t items,
                 const std::vector<std::uint32_t>& species, std::size_t count, const char* what) {
  bool ok = start.size() == reactions + 1 && start.front() == 0 &&
            start.back() == static_cast<std::int64_t>(items) && species.size() == items;
  for (std::size_t i = 0; ok && i < reactions; ++i) ok = start[i] <= start[i + 1];
  for (std::size_t i = 0; ok && i < items; ++i) ok = species[i] < count;
  if (!ok) fail(std::string(what) + ": the lists do not fit together");
}

}  // namespace

Network::Network(NetworkText text) : text_(std::move(text)) {
  check();
  name_slots();
  compile_rules();
  compile_rates();
  compile_laws();
  compile_events();
  compile_late();
  find_dependents();
  find_counted();
  find_what_moves();
  ungated_ = std::any_of(text_.gated.begin(), text_.gated.end(), [](std::uint8_t is) { return is == 0; });
}

void Network::check() const {
  const NetworkText& t = text_;
  const std::size_t reactions = t.constant.size();
  if (t.initial.size() != t.species.size() || t.values.size() != t.parameters.size() ||
      t.law.size() != reactions || t.gated.size() != reactions || t.reaction_names.size() != reactions)
    fail("the lists do not fit together");
  check_lists(t.reactant_start, reactions, t.reactant_count.size(), t.reactant_species, t.species.size(),
              "reactants");
  check_lists(t.change_start, reactions, t.change_delta.size(), t.change_species, t.species.size(),
              "changes");
  for (std::size_t i = 0; i < t.initial.size(); ++i) {
    const double x = t.initial[i];
    const bool real = std::any_of(t.rates.begin(), t.rates.end(),
                                  [&](const auto& rate) { return rate.first == t.species[i]; });
    if (real && std::isfinite(x)) continue;
    if (!(x >= 0 && x <= kMostAmount && x == std::floor(x)))
      fail("the initial amount of '" + t.species[i] + "' is " + std::to_string(x) +
           "; give a whole number from 0 to 2^53");
  }
  for (std::size_t r = 0; r < reactions; ++r) {
    const auto first = t.reactant_species.begin() + t.reactant_start[r],
               last = t.reactant_species.begin() + t.reactant_start[r + 1];
    for (auto place = first; place != last; ++place)
      if (std::find(first, place, *place) != place)
        fail("reaction '" + t.reaction_names[r] + "' lists the reactant '" + t.species[*place] +
             "' twice; give it once with its number");
    if (t.law[r].empty() && !(t.constant[r] >= 0 && std::isfinite(t.constant[r])))
      fail("reaction '" + t.reaction_names[r] + "': the constant is " + std::to_string(t.constant[r]) +
           "; give a number from 0 on");
  }
}

void Network::name_slots() {
  const NetworkText& t = text_;
  const auto add = [&](const std::string& name) {
    const auto slot = static_cast<std::uint32_t>(symbols_.slots.size());
    if (!symbols_.slots.emplace(name, slot).second) fail("the name '" + name + "' is given twice");
  };
  for (const std::string& name : t.species) add(name);
  for (const std::string& name : t.parameters) add(name);
  for (const auto& [name, rule] : t.assignments) add(name);
  one_slot_ = static_cast<std::uint32_t>(symbols_.slots.size()) + 1;
  symbols_.slots.emplace("time", one_slot_ - 1);
  motion_.assign(slots(), 0);
  motion_[time_slot()] = 1;
  for (const auto& [name, rate] : t.rates) {
    const std::uint32_t slot = target(name, "a rate belongs");
    if (motion_[slot] != 0) fail("'" + name + "' has two rates; give one");
    motion_[slot] = 2;
    rate_slots_.push_back(slot);
  }
}

void Network::compile_rules() {
  const NetworkText& t = text_;
  for (std::size_t p = 0; p < t.parameters.size(); ++p) constants_[t.parameters[p]] = t.values[p];
  for (const EventText& event : t.events)
    for (const auto& [name, value] : event.assignments) constants_.erase(name);
  for (const auto& [name, value] : t.first) constants_.erase(name);
  for (const auto& [name, rate] : t.rates) constants_.erase(name);
  const std::size_t first = t.species.size() + t.parameters.size();
  for (std::size_t a = 0; a < t.assignments.size(); ++a) {
    const auto& [name, rule] = t.assignments[a];
    assigned_.push_back(formula(rule, "the rule of '" + name + "'"));
    assigned_slot_.push_back(static_cast<std::uint32_t>(first + a));
    for (const std::uint32_t slot : assigned_.back().reads())
      if (slot >= first + a && slot < time_slot())
        fail("the rule of '" + name + "' needs '" + slot_name(slot) + "', which is computed after it");
    motion_[first + a] = degree(assigned_.back(), false);
    if (motion_[first + a] != 0) moving_rules_.push_back(static_cast<std::uint32_t>(a));
    rule_species_.push_back(species_of(assigned_.back()));
  }
  // Rules over constants are constants themselves.
  std::vector<double> slots(this->slots()), registers(registers_);
  start(0, slots.data(), registers.data());
  for (std::size_t a = 0; a < t.assignments.size(); ++a) {
    const auto& reads = assigned_[a].reads();
    if (std::all_of(reads.begin(), reads.end(),
                    [&](std::uint32_t slot) { return constants_.contains(slot_name(slot)); }))
      constants_[t.assignments[a].first] = slots[first + a];
  }
}

Formula Network::formula(const std::string& text, const std::string& what, bool may_draw) {
  Formula made(text, symbols_, what);
  if (made.draws() && !may_draw) refuse_draws(what, text);
  registers_ = std::max(registers_, made.registers());
  return made;
}

Formula Network::condition(const std::string& text) const {
  Formula made(text, symbols_, "the condition");
  if (made.draws()) refuse_draws("the condition", text);
  if (is_moving(made))
    throw Error(
        ErrorKind::value, "reactions.simulate",
        "the condition '" + text +
            "' reads the time, or what moves with it; it is looked at after each reaction, so give one "
            "of the state alone");
  return made;
}

void Network::refuse_draws(const std::string& what, const std::string& text) {
  fail(what + ", '" + text +
       "', draws random numbers; only initial values, the values, delays and priorities of events, and the "
       "delays of reactions may");
}

std::string Network::slot_name(std::uint32_t slot) const {
  const NetworkText& t = text_;
  if (slot < t.species.size()) return t.species[slot];
  slot -= static_cast<std::uint32_t>(t.species.size());
  if (slot < t.parameters.size()) return t.parameters[slot];
  slot -= static_cast<std::uint32_t>(t.parameters.size());
  return slot < t.assignments.size() ? t.assignments[slot].first : "time";
}

std::string Network::reaction_name(std::uint32_t r) const {
  const std::string& name = text_.reaction_names[r];
  return name.empty() ? "number " + std::to_string(r) : "'" + name + "'";
}

void Network::start(double time, double* slots, double* registers) const {
  std::copy(text_.initial.begin(), text_.initial.end(), slots);
  std::copy(text_.values.begin(), text_.values.end(), slots + species());
  slots[time_slot()] = time;
  slots[one_slot_] = 1;
  assign(slots, registers);
}

void Network::assign(double* slots, double* registers) const {
  for (std::size_t a = 0; a < assigned_.size(); ++a)
    slots[assigned_slot_[a]] = assigned_[a].run(slots, registers);
}

void Network::check_amounts(const double* x, double time) const {
  for (std::size_t s = 0; s < species(); ++s) {
    if (!(std::abs(x[s]) <= kMostAmount) && counted_[s] != 0)
      throw Error(ErrorKind::value, "reactions.simulate",
                  "the amount of '" + text_.species[s] + "' is " + std::to_string(x[s]) + " at time " +
                      std::to_string(time) + ", beyond 2^53; end the run before, or give max_events");
  }
}

bool Network::may_fire(std::uint32_t r, const double* x) const noexcept {
  if (text_.gated[r] == 0) return true;
  for (auto i = static_cast<std::size_t>(text_.reactant_start[r]);
       i < static_cast<std::size_t>(text_.reactant_start[r + 1]); ++i)
    if (x[text_.reactant_species[i]] < text_.reactant_count[i]) return false;
  return true;
}

double Network::slow(std::uint32_t r, const double* x, double* registers) const {
  if (kind_[r] == Kind::product) {
    double a = constant_[r];
    const auto species = order_species_[law_of_[r]], orders = order_[law_of_[r]];
    for (std::size_t i = 0; i < species.size(); ++i) {
      const double amount = x[species[i]];
      if (amount < orders[i]) return 0;
      for (std::uint32_t k = 0; k < orders[i]; ++k) a = a * (amount - k) / (k + 1);
    }
    return a;
  }
  if (!may_fire(r, x)) return 0;
  const double a = laws_[law_of_[r]].run(x, registers);
  if (!(a >= 0 && a <= std::numeric_limits<double>::max())) refuse(r, a, x[time_slot()]);
  return a;
}

void Network::check_above_zero(std::uint32_t r, const double* x) const {
  for (const Change& change : changes(r)) {
    if (x[change.species] < 0)
      throw Error(ErrorKind::value, "reactions.simulate",
                  "reaction " + reaction_name(r) + " took the amount of '" + slot_name(change.species) +
                      "' below zero; its law '" + text_.law[r] + "' is not 0 where a reactant is missing");
  }
}

void Network::refuse(std::uint32_t r, double value, double time) const {
  throw Error(ErrorKind::value, "reactions.simulate",
              "reaction " + reaction_name(r) + " has the propensity " + std::to_string(value) + " at time " +
                  std::to_string(time) + " by its law '" + text_.law[r] +
                  "'; a propensity is a finite number from 0 on");
}

}  // namespace stochos::reactions
