#include "reactions/happenings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace stochos::reactions {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr int kMostAtOnce = 100'000;  // events at one time, before they are held to go on for ever

[[noreturn]] void fail(const std::string& text) {
  throw Error(ErrorKind::value, "reactions.simulate", text);
}

}  // namespace

Happenings::Happenings(const Network& network, random::Source& draws)
    : network_(network), draws_(draws), state_(network.events().size(), 0) {}

void Happenings::begin(double* x, double* registers, double now) {
  pending_.clear();
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
    double best_priority = 0;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      if (pending_[i].time > now) continue;
      const Event& event = network_.events()[pending_[i].event];
      const double priority = event.has_priority ? event.priority.run(x, registers, draws_) : -kNever;
      if (best == pending_.size() || priority > best_priority ||
          (priority == best_priority && pending_[i].event < pending_[best].event)) {
        best = i;
        best_priority = priority;
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

double Happenings::root(const Event& event, const Formula& formula, double* x, double* registers) const {
  const auto at = [&](double time) {
    x[network_.time_slot()] = time;
    network_.assign(x, registers);
    return formula.run(x, registers);
  };
  const double zero = at(0), one = at(1), four = at(4), slope = one - zero;
  if (!(std::abs(four - (zero + 4 * slope)) <= 1e-9 * (std::abs(zero) + std::abs(four) + std::abs(slope))))
    fail("a trigger compares with an expression that is not linear in the time, in event " +
         std::to_string(&event - network_.events().data()));
  return slope == 0 ? kNever : -zero / slope;
}

double Happenings::next(double* x, double* registers, double now, double until) {
  double first = kNever;
  for (const Pending& pending : pending_) first = std::min(first, pending.time);
  bool touched = false;
  for (std::size_t e = 0; e < state_.size(); ++e) {
    const Event& event = network_.events()[e];
    for (const Formula& formula : event.roots) {
      touched = true;
      const double zero = root(event, formula, x, registers);
      if (!std::isfinite(zero)) continue;
      // The comparison may change at the root, just behind it, or a rounding away from it.
      const double behind = std::nextafter(zero, kNever);
      for (const double time : {zero, behind, zero + 4 * (behind - zero)}) {
        if (!(time > now && time <= until && time < first)) continue;
        x[network_.time_slot()] = time;
        network_.assign(x, registers);
        if ((event.trigger.run(x, registers) != 0) != (state_[e] != 0)) first = time;
      }
    }
  }
  if (touched) {
    x[network_.time_slot()] = now;
    network_.assign(x, registers);
  }
  return first;
}

void Happenings::happen(double* x, double* registers, double now) {
  x[network_.time_slot()] = now;
  network_.assign(x, registers);
  settle(x, registers, now);
}

}  // namespace stochos::reactions
