// Laws by class, changes and dependencies of a network.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "base/error.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

void Network::set_mass_action(std::uint32_t r, double c, const Orders& orders) {
  constant_[r] = c;
  QuickLaw law{c, 0, one_slot_, one_slot_};
  std::uint64_t order = 0;
  for (const auto& [s, n] : orders) order += n;
  if (order > 2) {
    kind_[r] = Kind::product;
    law_of_[r] = static_cast<std::uint32_t>(order_.start.size() - 1);
    for (const auto& [s, n] : orders) {
      order_species_.item.push_back(s);
      order_.item.push_back(n);
    }
    order_species_.close();
    order_.close();
    return;
  }
  kind_[r] = Kind::quick;
  if (order == 2 && orders.size() == 1) {
    law = {c / 2, 1, orders[0].first, orders[0].first};
  } else {
    if (!orders.empty()) law.first = orders[0].first;
    if (orders.size() == 2) law.second = orders[1].first;
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
  is_timed_.assign(count, 0);
  for (std::uint32_t r = 0; r < count; ++r) {
    if (t.law[r].empty()) {
      Orders orders;
      for (auto i = static_cast<std::size_t>(t.reactant_start[r]);
           i < static_cast<std::size_t>(t.reactant_start[r + 1]); ++i)
        if (t.reactant_count[i] > 0) orders.emplace_back(t.reactant_species[i], t.reactant_count[i]);
      for (const auto& [s, n] : orders)
        if (has_rate(s))
          throw Error(ErrorKind::value, "reactions.Network",
                      "reaction " + reaction_name(r) + " is mass action over '" + t.species[s] +
                          "', which has a rate; write its law out");
      set_mass_action(r, t.constant[r], orders);
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

// A law written out that is c times the combinations of species. What the reaction consumes must be among
// them, so that the law itself is zero where a reactant is missing.
bool Network::find_mass_action(std::uint32_t r, const expr::Ast& law) {
  const NetworkText& t = text_;
  if (t.gated[r] == 0) return false;
  const auto found = expr::find_mass_action(law, constants_);
  if (!found || found->kind != expr::MassAction::combinations) return false;
  if (!(found->constant >= 0 && std::isfinite(found->constant))) return false;
  Orders orders;
  for (const auto& [name, order] : found->orders) {
    const auto place = symbols_.slots.find(name);
    if (place == symbols_.slots.end() || place->second >= species() || has_rate(place->second)) return false;
    orders.emplace_back(place->second, order);
  }
  std::sort(orders.begin(), orders.end());
  for (auto i = static_cast<std::size_t>(t.reactant_start[r]);
       i < static_cast<std::size_t>(t.reactant_start[r + 1]); ++i) {
    const bool covered = std::any_of(orders.begin(), orders.end(), [&](const auto& order) {
      return order.first == t.reactant_species[i] && order.second >= t.reactant_count[i];
    });
    if (t.reactant_count[i] > 0 && !covered) return false;
  }
  set_mass_action(r, found->constant, orders);
  return true;
}

void Network::compile_law(std::uint32_t r) {
  const std::string what = "the law of reaction " + reaction_name(r);
  const expr::Ast ast = expr::parse(text_.law[r], "reactions.Network] [" + what);
  Formula made(ast, symbols_, what);
  if (made.draws()) refuse_draws(what, text_.law[r]);
  if (find_mass_action(r, ast)) return;
  registers_ = std::max(registers_, made.registers());
  if (is_moving(made)) {
    timed_.push_back({r, std::move(made)});
    is_timed_[r] = 1;
    set_mass_action(r, 0, {});
    return;
  }
  law_of_[r] = static_cast<std::uint32_t>(laws_.size());
  laws_.push_back(std::move(made));
}

void Network::find_dependents() {
  const NetworkText& t = text_;
  const std::size_t count = reactions();
  std::vector<std::uint64_t> degree(species() + 1, 0);
  for (std::uint32_t r = 0; r < count; ++r) {
    std::vector<std::uint32_t> read;
    if (kind_[r] == Kind::expression) read = species_of(laws_[law_of_[r]]);
    if (kind_[r] == Kind::expression) {
      for (auto i = static_cast<std::size_t>(t.reactant_start[r]);
           i < static_cast<std::size_t>(t.reactant_start[r + 1]); ++i)
        if (t.reactant_count[i] > 0) read.push_back(t.reactant_species[i]);
    } else if (kind_[r] == Kind::product) {
      const auto orders = order_species_[law_of_[r]];
      read.assign(orders.begin(), orders.end());
    } else {
      for (const std::uint32_t s : {quick_[r].first, quick_[r].second})
        if (s != one_slot_) read.push_back(s);
    }
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

  std::vector<std::uint32_t> all, more;
  const auto quick = [this](std::uint32_t j) { return is_quick(j); };
  for (std::uint32_t r = 0; r < changers(); ++r) {  // completions as well
    all.clear();
    for (const Change& change : changes(r)) {
      const auto readers = readers_[change.species];  // in order
      more.resize(all.size() + readers.size());
      more.erase(std::set_union(all.begin(), all.end(), readers.begin(), readers.end(), more.begin()),
                 more.end());
      all.swap(more);
    }
    std::vector<std::uint32_t>& item = dependents_.item;
    std::copy_if(all.begin(), all.end(), std::back_inserter(item), quick);
    slow_start_.push_back(item.size());
    if (item.size() - dependents_.start.back() < all.size())
      std::copy_if(all.begin(), all.end(), std::back_inserter(item), std::not_fn(quick));
    dependents_.close();
    first_dependent_.push_back(all.empty() ? static_cast<std::uint32_t>(count) : all.front());
    for (std::uint32_t a = 0; a < assigned_.size(); ++a) {
      const bool moved = std::any_of(changes(r).begin(), changes(r).end(), [&](const Change& change) {
        return std::binary_search(rule_species_[a].begin(), rule_species_[a].end(), change.species);
      });
      if (moved) moved_.item.push_back(a);
    }
    moved_.close();
  }
}

std::uint32_t Network::target(const std::string& name, const std::string& what) const {
  const auto place = symbols_.slots.find(name);
  if (place == symbols_.slots.end() || place->second >= species() + text_.parameters.size())
    throw Error(ErrorKind::key, "reactions.Network",
                what + " to '" + name + "', which is neither a species nor a parameter");
  return place->second;
}

void Network::compile_events() {
  for (const EventText& text : text_.events) {
    const std::string what = "event " + std::to_string(events_.size());
    Event event;
    event.trigger = formula(text.trigger, "the trigger of " + what);
    event.curved = degree(event.trigger, true) != 0;
    curved_ = curved_ || event.curved;
    if (!event.curved) {
      event.roots = comparisons(text.trigger, symbols_, time_slot(), "the trigger of " + what);
      for (const std::uint32_t a : moving_rules_)
        if (event.trigger.reads(assigned_slot_[a])) {
          auto more = comparisons(text.trigger, symbols_, assigned_slot_[a], "the trigger of " + what);
          event.roots.insert(event.roots.end(), more.begin(), more.end());
        }
    }
    for (const Formula& root : event.roots) registers_ = std::max(registers_, root.registers());
    event.has_delay = !text.delay.empty();
    if (event.has_delay) event.delay = formula(text.delay, "the delay of " + what, true);
    event.has_priority = !text.priority.empty();
    if (event.has_priority) event.priority = formula(text.priority, "the priority of " + what, true);
    event.initial_value = text.initial_value;
    event.persistent = text.persistent;
    event.values_at_trigger = text.values_at_trigger;
    for (const auto& [name, value] : text.assignments) {
      event.targets.push_back(target(name, "an event assigns"));
      event.values.push_back(formula(value, "the value that " + what + " gives to '" + name + "'", true));
    }
    events_.push_back(std::move(event));
  }
}

}  // namespace stochos::reactions
