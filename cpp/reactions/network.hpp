// A reaction network made ready for simulation: laws by class, changes, and who depends on whom.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "expr/mass_action.hpp"
#include "reactions/formula.hpp"

namespace stochos::reactions {

struct EventText {
  std::string trigger, delay, priority;  // delay and priority may be empty
  bool initial_value = true, persistent = true, values_at_trigger = true;
  std::vector<std::pair<std::string, std::string>> assignments;  // target, expression
};

// A reaction whose products come later.
struct DelayText {
  std::uint32_t reaction = 0;
  std::string time;     // may draw random numbers
  bool at_end = false;  // its reactants are taken at the end as well, if they are there
  std::vector<std::pair<std::uint32_t, std::int64_t>> changes;  // species and change at the end
};

// The network as it is given; see Network for what must hold.
struct NetworkText {
  std::vector<std::string> species;
  std::vector<double> initial;
  std::vector<std::string> parameters;
  std::vector<double> values;
  std::vector<std::int64_t> reactant_start;
  std::vector<std::uint32_t> reactant_species, reactant_count;
  std::vector<std::int64_t> change_start;
  std::vector<std::uint32_t> change_species;
  std::vector<std::int64_t> change_delta;
  std::vector<double> constant;
  std::vector<std::string> law;
  std::vector<std::uint8_t> gated;
  std::vector<std::pair<std::string, std::string>> assignments;
  std::vector<EventText> events;
  std::vector<std::string> reaction_names;
  std::vector<std::pair<std::string, std::string>> rates;  // species or parameter, its derivative by the time
  std::vector<DelayText> delays;
  // Species and parameters that each trajectory computes at its start, in this order; they may draw.
  std::vector<std::pair<std::string, std::string>> first;
};

// Lists of different lengths, one after the other.
struct Lists {
  std::vector<std::uint64_t> start{0};
  std::vector<std::uint32_t> item;
  std::span<const std::uint32_t> operator[](std::size_t i) const {
    return {item.data() + start[i], item.data() + start[i + 1]};
  }
  void close() { start.push_back(item.size()); }
};

// A quick law is (c x[first]) (x[second] - less): every mass-action law of order 0 to 2, where a missing
// reactant is the slot that holds 1, and 2A is c/2 x (x - 1).
struct QuickLaw {
  double c = 0, less = 0;
  std::uint32_t first = 0, second = 0;
};

struct Change {
  double delta = 0;
  std::uint32_t species = 0;
};

struct Delay {
  Formula time;
  bool at_end = false;
  std::uint32_t completion = 0;  // its number among changes and dependents, behind those of the reactions
};

struct Event {
  Formula trigger, delay, priority;
  bool has_delay = false, has_priority = false;
  bool initial_value = true, persistent = true, values_at_trigger = true;
  bool curved = false;         // moves with the time otherwise than by comparisons linear in it
  std::vector<Formula> roots;  // left minus right of each comparison that reads the time; none if curved
  std::vector<std::uint32_t> targets;
  std::vector<Formula> values;
};

// A reaction whose law moves between two reactions: with the time, or with a variable that has a rate.
struct Timed {
  std::uint32_t reaction = 0;
  Formula law;
};

// Slots: species, parameters, assigned variables, the time, the constant 1.
class Network {
 public:
  // Throws Error(value) that names the reaction, species or symbol at fault.
  explicit Network(NetworkText text);

  std::size_t species() const noexcept { return text_.species.size(); }
  std::size_t reactions() const noexcept { return quick_.size(); }
  std::size_t slots() const noexcept { return one_slot() + 1; }
  std::uint32_t time_slot() const noexcept { return one_slot() - 1; }
  std::uint32_t one_slot() const noexcept { return one_slot_; }
  std::size_t registers() const noexcept { return registers_; }
  const NetworkText& text() const noexcept { return text_; }
  const std::vector<Event>& events() const noexcept { return events_; }
  bool rules_read_time() const noexcept { return !moving_rules_.empty(); }
  // Whether anything but rules moves between reactions: laws, variables with rates, curved triggers.
  bool moves() const noexcept { return !timed_.empty() || !rates_.empty() || curved_; }
  // The methods see such a reaction with a propensity of 0.
  const std::vector<Timed>& timed() const noexcept { return timed_; }
  bool is_timed(std::uint32_t r) const noexcept { return is_timed_[r] != 0; }
  bool has_rate(std::uint32_t slot) const;
  const std::vector<std::uint32_t>& rate_slots() const noexcept { return rate_slots_; }
  const std::vector<Formula>& rates() const noexcept { return rates_; }
  // Slots that stand still between reactions and that something which moves is computed from.
  const std::vector<std::uint32_t>& still_reads() const noexcept { return still_reads_; }
  // Rules that move between reactions, in order.
  const std::vector<std::uint32_t>& moving_rules() const noexcept { return moving_rules_; }
  const Formula& rule(std::uint32_t a) const noexcept { return assigned_[a]; }
  std::uint32_t rule_slot(std::uint32_t a) const noexcept { return assigned_slot_[a]; }
  // What a reaction changes: a law that is timed, a rate, or the trigger of a curved event.
  bool stirs_timed(std::uint32_t r) const noexcept { return (stirs_[r] & 1) != 0; }
  bool stirs_rates(std::uint32_t r) const noexcept { return (stirs_[r] & 2) != 0; }
  bool stirs_curved(std::uint32_t r) const noexcept { return (stirs_[r] & 4) != 0; }
  // The law of a timed reaction at the time in the slots. Throws Error(value) as slow() does.
  double timed_propensity(const Timed& timed, const double* x, double* registers) const;
  // Whether the reactants are there.
  bool may_fire(std::uint32_t r, const double* x) const noexcept;
  bool has_assignments() const noexcept { return !assigned_.empty(); }
  // Throws Error(value) when an amount has left the whole numbers that a double holds exactly.
  void check_amounts(const double* x, double time) const;
  bool is_quick(std::uint32_t r) const noexcept { return kind_[r] == Kind::quick; }
  bool is_mass_action(std::uint32_t r) const noexcept { return kind_[r] != Kind::expression; }
  std::string slot_name(std::uint32_t slot) const;
  std::string reaction_name(std::uint32_t r) const;

  // An expression over this network's symbols, such as the end of a first passage.
  Formula condition(const std::string& text) const;

  // Initial slots, rules computed.
  void start(double time, double* slots, double* registers) const;
  bool has_first() const noexcept { return !first_.empty(); }
  // What each trajectory draws for itself, after start(). Throws Error(value) for an amount that is not
  // whole.
  void draw_first(double* x, double* registers, random::Source& draws) const;
  // Gives a species or parameter a value; `who` does it, in the Error(value) for one that it cannot have.
  void set(std::uint32_t slot, double value, double* x, const std::string& who) const;
  bool has_delays() const noexcept { return !delays_.empty(); }
  // nullptr for a reaction without one.
  const Delay* delay(std::uint32_t r) const noexcept {
    return delay_of_.empty() || delay_of_[r] == kNoDelay ? nullptr : &delays_[delay_of_[r]];
  }
  // The changes at the end of a delayed reaction; none where it takes its reactants then and they are gone.
  void complete(std::uint32_t r, double* x, double* registers) const;
  // Assigned variables anew, all of them.
  void assign(double* slots, double* registers) const;
  // Those that move between reactions.
  void assign_moving(double* slots, double* registers) const {
    for (const std::uint32_t a : moving_rules_) slots[assigned_slot_[a]] = assigned_[a].run(slots, registers);
  }

  double quick(std::uint32_t r, const double* x) const noexcept {
    const QuickLaw& law = quick_[r];
    return law.c * x[law.first] * (x[law.second] - law.less);
  }
  // Any law. Throws Error(value) when the value is negative or not a finite number.
  double propensity(std::uint32_t r, const double* x, double* registers) const {
    return is_quick(r) ? quick(r, x) : slow(r, x, registers);
  }
  double slow(std::uint32_t r, const double* x, double* registers) const;
  const QuickLaw& quick_law(std::uint32_t r) const noexcept { return quick_[r]; }
  // The parts of a law that is not quick: its expression, or nullptr and c with the orders of its species.
  const Formula* expression(std::uint32_t r) const noexcept {
    return kind_[r] == Kind::expression ? &laws_[law_of_[r]] : nullptr;
  }
  double product_constant(std::uint32_t r) const noexcept { return constant_[r]; }
  std::span<const std::uint32_t> product_species(std::uint32_t r) const noexcept {
    return order_species_[law_of_[r]];
  }
  std::span<const std::uint32_t> product_orders(std::uint32_t r) const noexcept { return order_[law_of_[r]]; }
  // Some law is taken literally, whether its reactants are there or not.
  bool ungated() const noexcept { return ungated_; }

  // The same for several states at once, bit for bit: slot s of state i stands in x[s * lanes + i]. What
  // slow() refuses is given as it is. `scratch` has room for lanes_scratch(lanes) numbers.
  void slow_lanes(std::uint32_t r, const double* x, std::size_t lanes, double* a, double* scratch) const;
  void assign_lanes(double* x, std::size_t lanes, double* scratch) const;
  std::size_t lanes_scratch(std::size_t lanes) const;

  // Numbers of reactions, and behind them of completions: all that have changes and dependents.
  std::size_t changers() const noexcept { return change_start_.size() - 1; }
  std::span<const Change> changes(std::uint32_t r) const noexcept {
    return {changes_.data() + change_start_[r], changes_.data() + change_start_[r + 1]};
  }
  // Applies reaction r and recomputes the assigned variables that it moves.
  void apply(std::uint32_t r, double* x, double* registers) const {
    for (const Change& change : changes(r)) x[change.species] += change.delta;
    if (ungated_) check_above_zero(r, x);
    assign_moved(r, x, registers);
  }
  // Reactions whose propensity may change when r fires: first those with a quick law, then the others.
  std::span<const std::uint32_t> quick_dependents(std::uint32_t r) const noexcept {
    return {dependents_.item.data() + dependents_.start[r], dependents_.item.data() + slow_start_[r]};
  }
  std::span<const std::uint32_t> slow_dependents(std::uint32_t r) const noexcept {
    return {dependents_.item.data() + slow_start_[r], dependents_.item.data() + dependents_.start[r + 1]};
  }
  std::span<const std::uint32_t> dependents(std::uint32_t r) const noexcept { return dependents_[r]; }
  // The least number among the dependents of r; reactions() when there are none.
  std::uint32_t first_dependent(std::uint32_t r) const noexcept { return first_dependent_[r]; }
  // Reactions whose law or gate reads a species.
  std::span<const std::uint32_t> readers(std::uint32_t species) const noexcept { return readers_[species]; }
  std::span<const std::uint32_t> law_reads(std::uint32_t r) const noexcept { return reads_[r]; }
  // Calls f(reaction, propensity) for each dependent of r.
  template <class F>
  void renew(std::uint32_t r, const double* x, double* registers, F&& f) const {
    for (const std::uint32_t j : quick_dependents(r)) f(j, quick(j, x));
    for (const std::uint32_t j : slow_dependents(r)) f(j, slow(j, x, registers));
  }

 private:
  // The assigned variables that a reaction or completion moves.
  void assign_moved(std::uint32_t r, double* x, double* registers) const {
    if (moved_.item.empty()) return;
    for (const std::uint32_t a : moved_[r]) x[assigned_slot_[a]] = assigned_[a].run(x, registers);
  }
  enum class Kind : std::uint8_t { quick, product, expression };

  void check() const;
  void compile_rules();
  void compile_laws();
  void compile_law(std::uint32_t r);
  void compile_events();
  void name_slots();
  void compile_rates();
  void find_what_moves();
  bool is_moving(const Formula& formula) const;
  std::uint8_t degree(const Formula& formula, bool trigger) const;
  std::vector<std::uint32_t> species_of(const Formula& formula) const;
  using Orders = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  // species, order
  void set_mass_action(std::uint32_t r, double c, const Orders& orders);
  bool find_mass_action(std::uint32_t r, const expr::Ast& law);
  std::uint32_t target(const std::string& name, const std::string& what) const;
  void find_dependents();
  Formula formula(const std::string& text, const std::string& what, bool may_draw = false);
  void compile_late();
  void find_counted();
  void check_above_zero(std::uint32_t r, const double* x) const;
  [[noreturn]] static void refuse_draws(const std::string& what, const std::string& text);
  [[noreturn]] void refuse(std::uint32_t r, double value, double time) const;

  NetworkText text_;
  std::uint32_t one_slot_ = 0;
  std::size_t registers_ = 1;
  bool ungated_ = false, curved_ = false;
  expr::Symbols symbols_;
  expr::Constants constants_;  // parameters and rules that hold one value all along
  std::vector<Formula> assigned_;
  std::vector<std::uint32_t> assigned_slot_;
  // How a slot moves between reactions: 0 not at all, 1 linearly with the time, 2 otherwise.
  std::vector<std::uint8_t> motion_;
  std::vector<std::uint32_t> moving_rules_, rate_slots_, still_reads_;
  std::vector<Formula> rates_;
  std::vector<Timed> timed_;
  std::vector<std::uint8_t> is_timed_, stirs_;
  std::vector<std::vector<std::uint32_t>> rule_species_;  // that move each rule, through the rules before it
  std::vector<Kind> kind_;
  std::vector<QuickLaw> quick_;
  std::vector<double> constant_;
  Lists order_species_, order_;        // mass action that is not quick
  std::vector<std::uint32_t> law_of_;  // index into laws_ or into the orders
  std::vector<Formula> laws_;
  std::vector<Change> changes_;
  std::vector<std::uint64_t> change_start_;
  Lists reads_, readers_, moved_, dependents_;
  std::vector<std::uint64_t> slow_start_;
  std::vector<std::uint32_t> first_dependent_;
  std::vector<Event> events_;
  static constexpr std::uint32_t kNoDelay = 0xFFFFFFFF;
  std::vector<Delay> delays_;
  std::vector<std::uint32_t> delay_of_;  // empty without any
  std::vector<std::pair<std::uint32_t, Formula>> first_;
  std::vector<std::uint8_t> counted_;  // whether a species is a count of molecules
};

}  // namespace stochos::reactions
