#include "reactions/happenings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace stochos::reactions {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr std::uint64_t kFirstTie = std::uint64_t{1} << 61;
constexpr int kMostAtOnce = 100'000;  // events at one time, before they are held to go on for ever

[[noreturn]] void fail(const std::string& text) {
  throw Error(ErrorKind::value, "reactions.simulate", text);
}

}  // namespace

Happenings::Happenings(const Network& network, const Flow& flow, random::Key key, random::Source& draws)
    : network_(network),
      flow_(flow),
      crossings_(network, flow),
      key_(key),
      draws_(draws),
      state_(network.events().size(), 0) {}

void Happenings::begin(double* x, double* registers, double now, std::uint64_t record) {
  ties_ = random::Source(key_, record, kFirstTie);
  pending_.clear();
  crossings_.forget(now);
  for (std::size_t e = 0; e < state_.size(); ++e) state_[e] = network_.events()[e].initial_value ? 1 : 0;
  if (!state_.empty()) settle(x, registers, now);
}

void Happenings::look(double* x, double* registers, double now) {
  for (std::uint32_t e = 0; e < state_.size(); ++e) {
    const Event& event = network_.events()[e];
    const bool is = event.trigger.run(x, registers) != 0;
    const bool was = state_[e] != 0;
    state_[e] = is ? 1 : 0;
    if (!is && !event.persistent)
      std::erase_if(pending_, [&](const Pending& pending) { return pending.event == e; });
    if (!is || was) continue;
    Pending made{now, e, {}};
    if (event.has_delay) {
      const double delay = event.delay.run(x, registers, draws_);
      if (!(delay >= 0)) fail("the delay of event " + std::to_string(e) + " is " + std::to_string(delay));
      made.time += delay;
    }
    if (event.values_at_trigger)
      for (const Formula& value : event.values) made.values.push_back(value.run(x, registers, draws_));
    pending_.push_back(std::move(made));
  }
}

bool Happenings::settle(double* x, double* registers, double now) {
  bool changed = false;
  look(x, registers, now);
  for (int round = 0;; ++round) {
    std::size_t best = pending_.size();
    std::uint32_t equal = 0;
    double best_priority = 0;
    priority_.assign(pending_.size(), -kNever);  // computed once, as it may draw
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      if (pending_[i].time > now) continue;
      const Event& event = network_.events()[pending_[i].event];
      if (event.has_priority) priority_[i] = event.priority.run(x, registers, draws_);
      const double priority = priority_[i];
      if (best == pending_.size() || priority > best_priority ||
          (priority == best_priority && pending_[i].event < pending_[best].event)) {
        if (best == pending_.size() || priority > best_priority) equal = 0;
        best = i;
        best_priority = priority;
      }
      if (priority == best_priority) ++equal;
    }
    if (equal > 1 && best_priority > -kNever) {
      std::uint32_t chosen = random::below(ties_.block()[0], equal);
      for (best = 0;; ++best) {
        if (pending_[best].time <= now && priority_[best] == best_priority && chosen-- == 0) break;
      }
    }
    if (best == pending_.size()) return changed;
    if (round >= kMostAtOnce) fail("events set each other off without end at time " + std::to_string(now));
    const Pending due = std::move(pending_[best]);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(best));
    execute(due, x, registers);
    changed = true;
    look(x, registers, now);
  }
}

void Happenings::execute(const Pending& pending, double* x, double* registers) {
  const Event& event = network_.events()[pending.event];
  std::vector<double> values = pending.values;
  if (!event.values_at_trigger)
    for (const Formula& value : event.values) values.push_back(value.run(x, registers, draws_));
  for (std::size_t i = 0; i < values.size(); ++i)
    network_.set(event.targets[i], values[i], x, "event " + std::to_string(pending.event));
  network_.assign(x, registers);
}

double Happenings::root(const Formula& formula, double* x, double* registers) const {
  const auto at = [&](double time) {
    x[network_.time_slot()] = time;
    network_.assign_moving(x, registers);
    return formula.run(x, registers);
  };
  const double zero = at(0), slope = at(1) - zero;
  return slope == 0 ? kNever : -zero / slope;
}

double Happenings::next(double* x, double* registers, double now, double& until) {
  double first = kNever;
  for (const Pending& pending : pending_) first = std::min(first, pending.time);
  bool touched = false;
  if (network_.moves()) first = std::min(first, crossings_.next(x, registers, state_, now, until));
  for (std::size_t e = 0; e < state_.size(); ++e) {
    const Event& event = network_.events()[e];
    for (const Formula& formula : event.roots) {
      touched = true;
      const double zero = root(formula, x, registers);
      if (!std::isfinite(zero)) continue;
      // The comparison may change at the root, just behind it, or a rounding away from it.
      const double behind = std::nextafter(zero, kNever);
      for (const double time : {zero, behind, zero + 4 * (behind - zero)}) {
        if (!(time > now && time <= until && time < first)) continue;
        x[network_.time_slot()] = time;
        network_.assign_moving(x, registers);
        if ((event.trigger.run(x, registers) != 0) != (state_[e] != 0)) first = time;
      }
    }
  }
  if (touched) {
    flow_.set(x, registers, now);
  }
  return first;
}

void Happenings::happen(double* x, double* registers, double now) {
  flow_.set(x, registers, now);
  settle(x, registers, now);
  crossings_.forget(now);
}

}  // namespace stochos::reactions
