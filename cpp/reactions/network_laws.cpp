// Laws by class, changes and dependencies of a network.
#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

void Network::set_mass_action(std::uint32_t r, double c) {
  const NetworkText& t = text_;
  const auto begin = static_cast<std::size_t>(t.reactant_start[r]),
             end = static_cast<std::size_t>(t.reactant_start[r + 1]);
  constant_[r] = c;
  QuickLaw law{c, 0, one_slot_, one_slot_};
  std::uint64_t order = 0;
  for (std::size_t i = begin; i < end; ++i) order += t.reactant_count[i];
  kind_[r] = order <= 2 ? Kind::quick : Kind::product;
  if (order == 2 && t.reactant_count[begin] == 2) {
    law = {c / 2, 1, t.reactant_species[begin], t.reactant_species[begin]};
  } else if (order <= 2) {
    std::size_t place = 0;
    for (std::size_t i = begin; i < end; ++i)
      if (t.reactant_count[i] > 0) (place++ == 0 ? law.first : law.second) = t.reactant_species[i];
  }
  quick_[r] = law;
}

void Network::compile_laws() {
  const NetworkText& t = text_;
  const std::size_t count = t.constant.size();
  kind_.assign(count, Kind::expression);
  quick_.resize(count);
  constant_.assign(count, 0);
  law_of_.assign(count, 0);
  for (std::uint32_t r = 0; r < count; ++r) {
    if (t.law[r].empty()) {
      set_mass_action(r, t.constant[r]);
    } else {
      compile_law(r);
    }
  }
  change_start_.push_back(0);
  for (std::size_t r = 0; r < count; ++r) {
    for (auto i = static_cast<std::size_t>(t.change_start[r]);
         i < static_cast<std::size_t>(t.change_start[r + 1]); ++i)
      if (t.change_delta[i] != 0)
        changes_.push_back({static_cast<double>(t.change_delta[i]), t.change_species[i]});
    change_start_.push_back(changes_.size());
  }
}

void Network::compile_law(std::uint32_t r) {
  law_of_[r] = static_cast<std::uint32_t>(laws_.size());
  laws_.push_back(formula(text_.law[r], "the law of reaction " + reaction_name(r)));
  for (const std::uint32_t slot : laws_.back().reads())
    if (slot == time_slot())
      throw Error(ErrorKind::value, "reactions.Network",
                  "the law of reaction " + reaction_name(r) + ", '" + text_.law[r] +
                      "', reads the time; laws that change between two reactions are not supported");
}

void Network::find_dependents() {
  const NetworkText& t = text_;
  const std::size_t count = reactions();
  // Which species move each assigned variable, through the variables before it.
  std::vector<std::vector<std::uint32_t>> moves(assigned_.size());
  const std::size_t first = species() + t.parameters.size();
  const auto expand = [&](const Formula& formula) {
    std::vector<std::uint32_t> found;
    for (const std::uint32_t slot : formula.reads()) {
      if (slot < species()) found.push_back(slot);
      if (slot >= first && slot < time_slot())
        found.insert(found.end(), moves[slot - first].begin(), moves[slot - first].end());
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  };
  for (std::size_t a = 0; a < assigned_.size(); ++a) moves[a] = expand(assigned_[a]);

  std::vector<std::uint64_t> degree(species() + 1, 0);
  for (std::uint32_t r = 0; r < count; ++r) {
    std::vector<std::uint32_t> read;
    if (kind_[r] == Kind::expression) read = expand(laws_[law_of_[r]]);
    for (auto i = static_cast<std::size_t>(t.reactant_start[r]);
         i < static_cast<std::size_t>(t.reactant_start[r + 1]); ++i)
      if (t.reactant_count[i] > 0) read.push_back(t.reactant_species[i]);
    std::sort(read.begin(), read.end());
    read.erase(std::unique(read.begin(), read.end()), read.end());
    for (const std::uint32_t s : read) ++degree[s + 1];
    reads_.item.insert(reads_.item.end(), read.begin(), read.end());
    reads_.close();
  }
  for (std::size_t s = 0; s < species(); ++s) degree[s + 1] += degree[s];
  readers_.start = degree;
  readers_.item.resize(degree.back());
  for (std::uint32_t r = 0; r < count; ++r)
    for (const std::uint32_t s : reads_[r]) readers_.item[degree[s]++] = r;

  std::vector<std::uint32_t> seen(count, 0xFFFFFFFF), slow;
  for (std::uint32_t r = 0; r < count; ++r) {
    const auto begin = static_cast<std::ptrdiff_t>(dependents_.item.size());
    slow.clear();
    for (const Change& change : changes(r)) {
      for (const std::uint32_t j : readers_[change.species]) {
        if (seen[j] == r) continue;
        seen[j] = r;
        (is_quick(j) ? dependents_.item : slow).push_back(j);
      }
    }
    std::sort(dependents_.item.begin() + begin, dependents_.item.end());
    std::sort(slow.begin(), slow.end());
    slow_start_.push_back(dependents_.item.size());
    dependents_.item.insert(dependents_.item.end(), slow.begin(), slow.end());
    dependents_.close();
    std::uint32_t least = static_cast<std::uint32_t>(count);
    for (const std::uint32_t j : dependents(r)) least = std::min(least, j);
    first_dependent_.push_back(least);
    for (std::uint32_t a = 0; a < assigned_.size(); ++a) {
      const bool moved = std::any_of(changes(r).begin(), changes(r).end(), [&](const Change& change) {
        return std::binary_search(moves[a].begin(), moves[a].end(), change.species);
      });
      if (moved) moved_.item.push_back(a);
    }
    moved_.close();
  }
}

void Network::compile_events() {
  for (const EventText& text : text_.events) {
    Event event;
    event.trigger = formula(text.trigger, "the trigger of an event");
    events_.push_back(std::move(event));
  }
}

}  // namespace stochos::reactions
