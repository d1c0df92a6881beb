// What moves between two reactions: rates of variables, laws and triggers that read them or the time.
#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

using expr::Op;
using expr::Operand;

bool Network::has_rate(std::uint32_t slot) const {
  return std::find(rate_slots_.begin(), rate_slots_.end(), slot) != rate_slots_.end();
}

bool Network::is_moving(const Formula& formula) const {
  const auto& reads = formula.reads();
  return std::any_of(reads.begin(), reads.end(), [&](std::uint32_t slot) { return motion_[slot] != 0; });
}

// 0 where the value stands still between reactions, 1 where it is linear in the time, else 2. In a trigger, a
// comparison of what is linear stands still: where it changes is known in closed form.
std::uint8_t Network::degree(const Formula& formula, bool trigger) const {
  const expr::Program& program = formula.program();
  std::vector<std::uint8_t> of_register(program.register_count(), 0);
  const auto of = [&](Operand o) -> std::uint8_t {
    return o.place() == Operand::slot  ? motion_[o.index()]
           : o.place() == Operand::reg ? of_register[o.index()]
                                       : std::uint8_t{0};
  };
  for (const expr::Instruction& i : program.instructions()) {
    const std::uint8_t a = of(i.a), b = of(i.b), c = of(i.c);
    const std::uint8_t most = std::max({a, b, c});
    std::uint8_t made = most == 0 ? 0 : 2;
    if (i.op == Op::neg || i.op == Op::add || i.op == Op::sub) made = most;
    if (i.op == Op::mul && (a == 0 || b == 0)) made = most;
    if (i.op == Op::div && b == 0) made = a;
    if (trigger && i.op >= Op::lt && i.op <= Op::ne && most <= 1) made = 0;
    of_register[i.to] = made;
  }
  return of(program.result());
}

std::vector<std::uint32_t> Network::species_of(const Formula& formula) const {
  const std::size_t first = species() + text_.parameters.size();
  std::vector<std::uint32_t> found;
  for (const std::uint32_t slot : formula.reads()) {
    if (slot < species()) found.push_back(slot);
    if (slot >= first && slot < time_slot())
      found.insert(found.end(), rule_species_[slot - first].begin(), rule_species_[slot - first].end());
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void Network::compile_rates() {
  const NetworkText& t = text_;
  for (const auto& [name, rate] : t.rates) rates_.push_back(formula(rate, "the rate of '" + name + "'"));
  for (std::size_t r = 0; r < t.constant.size(); ++r)
    for (auto i = static_cast<std::size_t>(t.change_start[r]);
         i < static_cast<std::size_t>(t.change_start[r + 1]); ++i)
      if (t.change_delta[i] != 0 && has_rate(t.change_species[i]))
        throw Error(ErrorKind::value, "reactions.Network",
                    "reaction " + reaction_name(static_cast<std::uint32_t>(r)) + " changes '" +
                        t.species[t.change_species[i]] + "', which has a rate; only one of them can");
}

void Network::find_what_moves() {
  std::vector<std::uint32_t> of_timed, of_rates, of_curved, reads;
  const auto join = [](std::vector<std::uint32_t>& all, const std::vector<std::uint32_t>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  for (const Timed& timed : timed_) {
    join(of_timed, species_of(timed.law));
    join(reads, timed.law.reads());
    for (auto i = static_cast<std::size_t>(text_.reactant_start[timed.reaction]);
         i < static_cast<std::size_t>(text_.reactant_start[timed.reaction + 1]); ++i)
      of_timed.push_back(text_.reactant_species[i]);
  }
  for (const Formula& rate : rates_) {
    join(of_rates, species_of(rate));
    join(reads, rate.reads());
  }
  for (const Event& event : events_) {
    if (!event.curved) continue;
    join(of_curved, species_of(event.trigger));
    join(reads, event.trigger.reads());
  }
  for (const std::uint32_t a : moving_rules_) join(reads, assigned_[a].reads());
  std::sort(reads.begin(), reads.end());
  reads.erase(std::unique(reads.begin(), reads.end()), reads.end());
  for (const std::uint32_t slot : reads)
    if (motion_[slot] == 0) still_reads_.push_back(slot);
  const auto touches = [&](std::uint32_t r, const std::vector<std::uint32_t>& list) {
    return std::any_of(changes(r).begin(), changes(r).end(), [&](const Change& change) {
      return std::find(list.begin(), list.end(), change.species) != list.end();
    });
  };
  stirs_.assign(changers(), 0);
  if (!moves()) return;
  for (auto* list : {&of_timed, &of_rates, &of_curved}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  for (std::uint32_t r = 0; r < changers(); ++r)
    stirs_[r] = static_cast<std::uint8_t>((touches(r, of_timed) ? 1 : 0) | (touches(r, of_rates) ? 2 : 0) |
                                          (touches(r, of_curved) ? 4 : 0));
}

double Network::timed_propensity(const Timed& timed, const double* x, double* registers) const {
  if (!may_fire(timed.reaction, x)) return 0;
  const double a = timed.law.run(x, registers);
  if (!(a >= 0 && a <= std::numeric_limits<double>::max())) refuse(timed.reaction, a, x[time_slot()]);
  return a;
}

}  // namespace stochos::reactions
