#include "reactions/master_space.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <sstream>

#include "base/error.hpp"

namespace stochos::reactions {
namespace {

constexpr const char* kWhere = "reactions.master_equation";
constexpr std::uint32_t kNone = 0xFFFFFFFFU;

// The states found so far, each with its number: open addressing, at most half full.
class StateTable {
 public:
  StateTable(std::size_t species, std::size_t limit)
      : species_(species), limit_(limit), slots_(1024, kNone) {}

  std::size_t size() const { return count_; }
  const std::int64_t* state(std::size_t index) const { return states_.data() + index * species_; }
  std::vector<std::int64_t> take() { return std::move(states_); }

  // The number of the state, or kNone when it is new and the table is full.
  std::uint32_t number(const std::int64_t* state) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    std::size_t slot = place(state);
    if (slots_[slot] != kNone) return slots_[slot];
    if (count_ >= limit_) return kNone;
    states_.insert(states_.end(), state, state + species_);
    return slots_[slot] = static_cast<std::uint32_t>(count_++);
  }

 private:
  std::size_t place(const std::int64_t* state) const {
    std::uint64_t hash = 0x9E3779B97F4A7C15ULL;
    for (std::size_t s = 0; s < species_; ++s) {
      hash =
          (hash ^ static_cast<std::uint64_t>(state[s])) * 0xBF58476D1CE4E5B9ULL;  // SplitMix64's multiplier
      hash ^= hash >> 29;
    }
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
      const std::uint32_t at = slots_[slot];
      if (at == kNone || std::equal(state, state + species_, this->state(at))) return slot;
    }
  }

  void grow() {
    slots_.assign(2 * slots_.size(), kNone);
    for (std::size_t i = 0; i < count_; ++i) slots_[place(state(i))] = static_cast<std::uint32_t>(i);
  }

  std::size_t species_, limit_, count_ = 0;
  std::vector<std::int64_t> states_;
  std::vector<std::uint32_t> slots_;
};

std::string describe(const MasterProblem& problem, const std::int64_t* state) {
  std::ostringstream text;
  const std::size_t shown = std::min<std::size_t>(problem.species.size(), 12);
  for (std::size_t s = 0; s < shown; ++s) text << (s ? ", " : "") << problem.species[s] << " = " << state[s];
  if (shown < problem.species.size()) text << ", ...";
  return text.str();
}

// Rates between the states by the state that is left, in the order in which they were found.
struct Leaving {
  std::vector<std::int64_t> start{0};
  std::vector<std::uint32_t> target;
  std::vector<double> rate, exit, leave;
  bool closed = true;  // no state can leave the box
};

class Explorer {
 public:
  Explorer(const MasterProblem& problem, Control& control)
      : problem_(problem),
        control_(control),
        table(problem.species.size(), problem.max_states),
        next_(problem.species.size()),
        amounts_(problem.species.size()),
        rates_(problem.reactions.size()) {}

  void run() {
    number(problem_.initial.data());
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (i % 4096 == 0 && control_.stopped()) return;
      visit(i);
    }
  }

 private:
  std::uint32_t number(const std::int64_t* state) {
    const std::uint32_t found = table.number(state);
    if (found == kNone) {
      throw Error(ErrorKind::value, kWhere,
                  "more than max_states = " + std::to_string(problem_.max_states) +
                      " states can be reached; give smaller bounds, or more states if the memory allows");
    }
    return found;
  }

  void visit(std::size_t i) {
    const std::size_t species = problem_.species.size();
    for (std::size_t s = 0; s < species; ++s) amounts_[s] = static_cast<double>(table.state(i)[s]);
    problem_.propensities(amounts_.data(), rates_.data());
    double exit = 0.0, leave = 0.0;
    for (std::size_t r = 0; r < rates_.size(); ++r) {
      const double rate = rates_[r];
      if (rate == 0.0) continue;
      if (!(rate > 0.0) || !std::isfinite(rate)) refuse(i, r, "has the propensity " + text_of(rate));
      if (!step(i, r)) {
        exit += rate;
        leave += rate;
        continue;
      }
      const std::uint32_t target = number(next_.data());
      if (target == i) continue;  // nothing changes
      exit += rate;
      edges.target.push_back(target);
      edges.rate.push_back(rate);
    }
    edges.start.push_back(static_cast<std::int64_t>(edges.target.size()));
    edges.exit.push_back(exit);
    edges.leave.push_back(leave);
    if (leave > 0.0) edges.closed = false;
  }

  // Puts the state after reaction r into next_; false when it is outside the box.
  bool step(std::size_t i, std::size_t r) {
    std::copy_n(table.state(i), next_.size(), next_.begin());
    const auto first = static_cast<std::size_t>(problem_.change_start[r]);
    const auto last = static_cast<std::size_t>(problem_.change_start[r + 1]);
    bool inside = true;
    for (std::size_t k = first; k < last; ++k) {
      const std::uint32_t s = problem_.change_species[k];
      next_[s] += problem_.change_delta[k];
      if (next_[s] < 0) refuse(i, r, "would make " + problem_.species[s] + " negative");
      if (problem_.bound[s] >= 0 && next_[s] > problem_.bound[s]) inside = false;
    }
    return inside;
  }

  static std::string text_of(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
  }

  [[noreturn]] void refuse(std::size_t i, std::size_t r, const std::string& what) const {
    throw Error(ErrorKind::value, kWhere,
                "reaction " + problem_.reactions[r] + " " + what + " at " +
                    describe(problem_, table.state(i)) + "; correct its law");
  }

  const MasterProblem& problem_;
  Control& control_;

 public:
  StateTable table;
  Leaving edges;

 private:
  std::vector<std::int64_t> next_;
  std::vector<double> amounts_, rates_;
};

}  // namespace

Generator build_generator(const MasterProblem& problem, Control& control) {
  Explorer explorer(problem, control);
  explorer.run();
  Generator made;
  if (control.stopped()) return made;
  const std::size_t species = problem.species.size(), count = explorer.table.size();
  const Leaving& edges = explorer.edges;
  made.species = species;
  const std::vector<std::int64_t> found = explorer.table.take();
  // Ascending states: neighbours in memory are neighbours in the box, and users see an order that they
  // expect.
  std::vector<std::uint32_t> order(count), place(count);
  std::iota(order.begin(), order.end(), 0U);
  const auto row = [&](std::uint32_t i) { return std::span(found).subspan(i * species, species); };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::lexicographical_compare(row(a).begin(), row(a).end(), row(b).begin(), row(b).end());
  });
  made.states.reserve(found.size());
  for (std::size_t i = 0; i < count; ++i) {
    place[order[i]] = static_cast<std::uint32_t>(i);
    made.states.insert(made.states.end(), row(order[i]).begin(), row(order[i]).end());
    made.exit.push_back(edges.exit[order[i]]);
    if (!edges.closed) made.leave.push_back(edges.leave[order[i]]);
  }
  made.first = place[0];
  made.fastest = *std::max_element(made.exit.begin(), made.exit.end());
  made.start.assign(count + 1, 0);
  for (const std::uint32_t target : edges.target) ++made.start[place[target] + 1];
  std::partial_sum(made.start.begin(), made.start.end(), made.start.begin());
  made.source.resize(edges.target.size());
  made.rate.resize(edges.target.size());
  std::vector<std::int64_t> next(made.start.begin(), made.start.end() - 1);
  for (std::size_t i = 0; i < count; ++i) {  // sources ascend within a row
    const auto last = static_cast<std::size_t>(edges.start[order[i] + 1]);
    for (auto k = static_cast<std::size_t>(edges.start[order[i]]); k < last; ++k) {
      const auto at = static_cast<std::size_t>(next[place[edges.target[k]]]++);
      made.source[at] = static_cast<std::uint32_t>(i);
      made.rate[at] = edges.rate[k];
    }
  }
  return made;
}

}  // namespace stochos::reactions
