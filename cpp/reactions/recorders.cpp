#include "reactions/recorders.hpp"

#include <algorithm>

namespace stochos::reactions {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
}

void BaseRecorder::end(const Ending& ending) {
  events_ += ending.events;
  ++counts_[static_cast<std::size_t>(ending.status)];
  if (!outcome_.status.empty()) {
    outcome_.status[row_] = static_cast<std::uint8_t>(ending.status);
    outcome_.events_each[row_] = ending.events;
  }
  if (!outcome_.final.empty()) {
    double* place = outcome_.final.data() + row_ * columns();
    for (const std::uint32_t slot : request_.record) *place++ = ending.slots[slot];
  }
}

void TrajectoryRecorder::begin(std::uint64_t trajectory) {
  BaseRecorder::begin(trajectory);
  place_ = outcome_.values.data() + row_ * points() * columns();
  stop_ = place_ + points() * columns();
}

void TrajectoryRecorder::point(std::size_t, const double* slots) {
  for (const std::uint32_t slot : request_.record) *place_++ = slots[slot];
}

void TrajectoryRecorder::end(const Ending& ending) {
  BaseRecorder::end(ending);
  std::fill(place_, stop_, kNone);
}

HistogramRecorder::HistogramRecorder(const Request& request, Outcome& outcome)
    : BaseRecorder(request, outcome) {
  for (std::size_t i = 0; i < columns(); ++i)
    counts.emplace_back(points() * static_cast<std::size_t>(request.high[i] - request.low[i] + 3), 0);
}

void HistogramRecorder::point(std::size_t point, const double* slots) {
  for (std::size_t i = 0; i < columns(); ++i) {
    const auto low = static_cast<double>(request_.low[i]), high = static_cast<double>(request_.high[i]);
    const double value = slots[request_.record[i]];
    const auto bins = static_cast<std::size_t>(request_.high[i] - request_.low[i] + 3);
    const std::size_t bin = value < low    ? 0
                            : value > high ? bins - 1
                                           : static_cast<std::size_t>(value - low) + 1;
    ++counts[i][point * bins + bin];
  }
}

void PassageRecorder::begin(std::uint64_t trajectory) {
  BaseRecorder::begin(trajectory);
  outcome_.passage[row_] = kNone;
}

bool PassageRecorder::event(double time, std::uint32_t, const double* slots) {
  if (condition_.run(slots, registers_.data()) == 0) return false;
  pass(time);
  return true;
}

void EventRecorder::point(std::size_t point, const double* slots) {
  double* place = outcome_.values.data() + (row_ * points() + point) * columns();
  for (const std::uint32_t slot : request_.record) *place++ = slots[slot];
}

bool EventRecorder::event(double time, std::uint32_t reaction, const double*) {
  if (time == request_.plan.start && reaction == kNoReaction) return false;
  outcome_.event_time.push_back(time);
  outcome_.event_reaction.push_back(reaction);
  return false;
}

}  // namespace stochos::reactions
