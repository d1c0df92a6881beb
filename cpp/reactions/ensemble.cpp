#include "reactions/ensemble.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "reactions/choice.hpp"
#include "reactions/methods/method.hpp"
#include "reactions/recorders.hpp"

namespace stochos::reactions {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Merges blocks in their order. Few wait: a thread far ahead stands until those before it have come.
class OrderedMoments {
 public:
  OrderedMoments(const Moments& empty, std::size_t window) : tree_(empty), window_(window) {}

  void give(std::uint64_t block, const Moments& moments, const Control& control) {
    std::unique_lock lock(mutex_);
    while (block != next_ && waiting_.size() >= window_) {
      if (control.stopped()) return;
      moved_.wait_for(lock, std::chrono::milliseconds(20));
    }
    if (block != next_) {
      waiting_.emplace(block, moments);
      return;
    }
    tree_.add(moments);
    for (++next_; !waiting_.empty() && waiting_.begin()->first == next_; ++next_) {
      tree_.add(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
    }
    moved_.notify_all();
  }
  Moments total() const { return tree_.total(); }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  std::map<std::uint64_t, Moments> waiting_;
  MomentsTree tree_;
  std::uint64_t next_ = 0;
  std::size_t window_;
};

struct Lane {
  std::unique_ptr<Runner> runner;
  std::unique_ptr<BaseRecorder> recorder;
};

std::unique_ptr<BaseRecorder> make_recorder(const Request& request, Outcome& outcome,
                                            const Formula& condition, std::size_t registers) {
  switch (request.keep) {
    case Keep::trajectories:
      return std::make_unique<TrajectoryRecorder>(request, outcome);
    case Keep::moments:
      return std::make_unique<MomentsRecorder>(request, outcome);
    case Keep::final:
      return std::make_unique<FinalRecorder>(request, outcome);
    case Keep::histogram:
      return std::make_unique<HistogramRecorder>(request, outcome);
    case Keep::first_passage:
      return std::make_unique<PassageRecorder>(request, outcome, condition, registers);
    case Keep::events:
      return std::make_unique<EventRecorder>(request, outcome);
  }
  return nullptr;
}

void take_room(const Request& request, Outcome& outcome) {
  const std::size_t points = request.plan.times.size(), columns = request.record.size();
  if (request.keep == Keep::trajectories || request.keep == Keep::events)
    outcome.values.resize(request.n * points * columns);
  if (request.keep == Keep::events) std::fill(outcome.values.begin(), outcome.values.end(), kNone);
  if (request.keep == Keep::first_passage) outcome.passage.resize(request.n);
  if (request.keep == Keep::moments || request.keep == Keep::histogram) return;
  outcome.final.resize(request.n * columns);
  outcome.status.resize(request.n);
  outcome.events_each.resize(request.n);
}

}  // namespace

Outcome simulate(const Network& network, const Request& request, Control& control) {
  Outcome outcome;
  const Choice choice = choose(network, request);
  outcome.method = choice.name;
  take_room(request, outcome);
  Formula condition;
  std::size_t registers = network.registers();
  if (request.keep == Keep::first_passage) {
    condition = network.condition(request.condition);
    registers = std::max(registers, condition.registers());
  }
  const random::Key key = random::stream_key(request.seed, random::Purpose::trajectory);
  const bool gathers = request.keep == Keep::moments;
  const std::uint64_t block =
      gathers ? kMomentsBlock
              : std::clamp<std::uint64_t>(request.n / (16ULL * request.threads), 1, kMomentsBlock);
  const std::uint64_t blocks = (request.n + block - 1) / block;
  std::vector<Lane> lanes(std::min<std::uint64_t>(request.threads, blocks));
  const Moments empty(gathers ? request.plan.times.size() : 0, request.record.size(), request.covariance);
  OrderedMoments ordered(empty, 4 * lanes.size());
  control.start(request.n);
  parallel_run(
      blocks, static_cast<unsigned>(lanes.size()),
      [&](std::size_t task, unsigned slot) {
        Lane& lane = lanes[slot];
        if (!lane.runner) {
          lane.runner = choice.make(network, request.plan, key);
          lane.recorder = make_recorder(request, outcome, condition, registers);
        }
        const std::uint64_t begin = task * block, end = std::min(begin + block, request.n);
        for (std::uint64_t i = begin; i < end && !control.stopped(); ++i) {
          lane.runner->run(request.first + i, *lane.recorder, control);
          control.advance(1);
        }
        if (gathers) {
          Moments& moments = static_cast<MomentsRecorder&>(*lane.recorder).moments;
          ordered.give(task, moments, control);
          moments.clear();
        }
      },
      control);
  if (request.keep == Keep::histogram) {
    for (std::size_t i = 0; i < request.record.size(); ++i)
      outcome.histogram.emplace_back(
          request.plan.times.size() * static_cast<std::size_t>(request.high[i] - request.low[i] + 3), 0);
  }
  for (const Lane& lane : lanes) {
    if (!lane.recorder) continue;
    outcome.events += lane.recorder->events();
    for (std::size_t s = 0; s < outcome.status_counts.size(); ++s)
      outcome.status_counts[s] += lane.recorder->status_counts()[s];
    if (request.keep != Keep::histogram) continue;
    const auto& counts = static_cast<const HistogramRecorder&>(*lane.recorder).counts;
    for (std::size_t i = 0; i < counts.size(); ++i)
      std::transform(counts[i].begin(), counts[i].end(), outcome.histogram[i].begin(),
                     outcome.histogram[i].begin(), std::plus<>());
  }
  if (gathers) {
    Moments total = ordered.total();
    if (request.unfinished)
      outcome.moments = {std::move(total.count), std::move(total.mean), {}, {}},
      outcome.spread = std::move(total.spread);
    else
      outcome.moments = finish(std::move(total));
  }
  return outcome;
}

}  // namespace stochos::reactions
