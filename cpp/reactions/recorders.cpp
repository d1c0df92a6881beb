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

void Moments::add(std::size_t point, const double* slots, std::span<const std::uint32_t> record) noexcept {
  const double part = 1.0 / static_cast<double>(++count[point]);
  double* const m = mean.data() + point * columns_;
  if (!full_) {
    double* const s = spread.data() + point * columns_;
    for (std::size_t i = 0; i < columns_; ++i) {
      const double value = slots[record[i]], step = value - m[i];
      m[i] += step * part;
      s[i] += step * (value - m[i]);
    }
    return;
  }
  double* s = spread.data() + point * columns_ * columns_;
  for (std::size_t i = 0; i < columns_; ++i) {
    step_[i] = slots[record[i]] - m[i];
    m[i] += step_[i] * part;
  }
  for (std::size_t i = 0; i < columns_; ++i, s += columns_)
    for (std::size_t j = i; j < columns_; ++j) s[j] += step_[i] * (slots[record[j]] - m[j]);
}

void Moments::merge(const Moments& other) noexcept {
  for (std::size_t point = 0; point < count.size(); ++point) {
    const auto a = static_cast<double>(count[point]), b = static_cast<double>(other.count[point]);
    if (b == 0) continue;
    double* const m = mean.data() + point * columns_;
    const double* const n = other.mean.data() + point * columns_;
    const double weight = a * b / (a + b);
    for (std::size_t i = 0; i < columns_; ++i) step_[i] = n[i] - m[i];
    const std::size_t rows = full_ ? columns_ : 1, size = rows * columns_;
    double* s = spread.data() + point * size;
    const double* o = other.spread.data() + point * size;
    for (std::size_t i = 0; i < rows; ++i, s += columns_, o += columns_)
      for (std::size_t j = full_ ? i : 0; j < columns_; ++j)
        s[j] += o[j] + step_[full_ ? i : j] * step_[j] * weight;
    for (std::size_t i = 0; i < columns_; ++i) m[i] += step_[i] * (b / (a + b));
    count[point] += other.count[point];
  }
}

void Moments::clear() noexcept {
  std::fill(count.begin(), count.end(), 0);
  std::fill(mean.begin(), mean.end(), 0.0);
  std::fill(spread.begin(), spread.end(), 0.0);
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
  outcome_.passage[row_] = time;
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
