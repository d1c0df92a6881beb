#include "reactions/ensemble.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/cpu.hpp"
#include "base/error.hpp"
#include "base/pool.hpp"
#include "reactions/choice.hpp"
#include "reactions/lockstep.hpp"
#include "reactions/methods/method.hpp"
#include "reactions/on_device.hpp"
#include "reactions/recorders.hpp"

namespace stochos::reactions {
namespace {

constexpr std::size_t kMostLaneReactions = 48;
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

struct Worker {
  std::unique_ptr<Runner> runner;
  std::unique_ptr<Lanes> lanes;
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

// How many trajectories a thread simulates side by side; 0 for one after the other.
std::size_t lanes_of(const Network& network, const Request& request, const Choice& choice) {
  if (choice.name != "direct" || request.keep == Keep::events ||
      !fits_lanes(network, request.plan, request.record.size()))
    return 0;
  if (request.lanes) return *request.lanes;
  if (network.reactions() > kMostLaneReactions) return 0;
  const std::uint64_t each = request.n / request.threads;
  // Four vectors: two at a time would leave the processor waiting, but the registers of AVX2 hold no more.
  const std::size_t most = cpu_level() == CpuLevel::avx512 ? 32 : 16;
  return each < 6 ? 0 : each <= 8 ? 8 : each <= 16 ? 16 : most;
}

// Gives what the lanes took down to a recorder, as a run of its own would have.
class Replay {
 public:
  Replay(const Network& network, const Request& request, BaseRecorder& recorder)
      : request_(request), recorder_(recorder), slots_(network.slots()) {}
  void operator()(const LaneEnd& end) {
    recorder_.begin(end.trajectory);
    if (request_.keep == Keep::moments) {
      static_cast<MomentsRecorder&>(recorder_).moments.add_points(end.values, end.points);
    } else if (request_.keep == Keep::first_passage) {
      if (end.passed) static_cast<PassageRecorder&>(recorder_).pass(end.time);
    } else if (request_.keep != Keep::final) {
      for (std::size_t p = 0; p < end.points; ++p) {
        put(end.values + p * request_.record.size());
        recorder_.point(p, slots_.data());
      }
    }
    put(end.final);
    recorder_.end({end.status, end.events, end.time, slots_.data()});
  }

 private:
  void put(const double* values) noexcept {
    for (const std::uint32_t slot : request_.record) slots_[slot] = *values++;
  }
  const Request& request_;
  BaseRecorder& recorder_;
  std::vector<double> slots_;
};

}  // namespace

Outcome simulate(const Network& network, const Request& request, Control& control) {
  if (request.device != Device::cpu) return simulate_on_device(network, request, control);
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
  const Formula* const ends = request.keep == Keep::first_passage ? &condition : nullptr;
  const random::Key key = random::stream_key(request.seed, random::Purpose::trajectory);
  const bool gathers = request.keep == Keep::moments;
  const std::uint64_t block = !gathers
                                  ? std::clamp<std::uint64_t>(request.n / (16ULL * request.threads), 1, 64)
                              : request.block > 0 ? request.block
                                                  : moments_block(request.n);
  const std::uint64_t blocks = (request.n + block - 1) / block;
  const std::size_t side_by_side = lanes_of(network, request, choice);
  std::vector<Worker> workers(std::min<std::uint64_t>(request.threads, blocks));
  const Moments empty(gathers ? request.plan.times.size() : 0, request.record.size(), request.covariance);
  // What lanes that began together end together may wait.
  OrderedMoments ordered(empty, workers.size() * std::max<std::uint64_t>(4, side_by_side / block));
  control.start(request.n);
  std::atomic<std::uint64_t> next_block{0};
  const auto work = [&](Worker& worker, std::uint64_t task) {
    const std::uint64_t begin = task * block, end = std::min(begin + block, request.n);
    for (std::uint64_t i = begin; i < end && !control.stopped(); ++i) {
      worker.runner->run(request.first + i, *worker.recorder, control);
      control.advance(1);
    }
    if (gathers) {
      Moments& moments = static_cast<MomentsRecorder&>(*worker.recorder).moments;
      ordered.give(task, moments, control);
      moments.clear();
    }
  };
  // Lanes take their trajectories from one block after the other until none is left.
  const auto work_lanes = [&](Worker& worker) {
    Replay replay(network, request, *worker.recorder);
    // Told now and then: short trajectories of two threads would wait for each other at the counter.
    constexpr std::uint64_t kTold = 32;
    std::uint64_t untold = 0;
    worker.lanes->run(
        [&](LaneBlock& next) {
          const std::uint64_t number = next_block.fetch_add(1);
          if (number >= blocks) return false;
          next.begin = request.first + number * block;
          next.end = request.first + std::min((number + 1) * block, request.n);
          return true;
        },
        [&](const LaneEnd& end) {
          replay(end);
          if (++untold == kTold) control.advance(std::exchange(untold, 0));
          if (!gathers || !end.last_of_block) return;
          Moments& moments = static_cast<MomentsRecorder&>(*worker.recorder).moments;
          ordered.give((end.trajectory - request.first) / block, moments, control);
          moments.clear();
        },
        control);
    control.advance(untold);
  };
  parallel_run(
      side_by_side > 0 ? workers.size() : blocks, static_cast<unsigned>(workers.size()),
      [&](std::size_t task, unsigned slot) {
        Worker& worker = workers[slot];
        if (!worker.recorder) worker.recorder = make_recorder(request, outcome, condition, registers);
        if (side_by_side > 0) {
          worker.lanes =
              std::make_unique<Lanes>(network, request.plan, key, request.record, ends, side_by_side);
          work_lanes(worker);
          return;
        }
        if (!worker.runner) worker.runner = choice.make(network, request.plan, key);
        work(worker, task);
      },
      control);
  if (request.keep == Keep::histogram) {
    for (std::size_t i = 0; i < request.record.size(); ++i)
      outcome.histogram.emplace_back(
          request.plan.times.size() * static_cast<std::size_t>(request.high[i] - request.low[i] + 3), 0);
  }
  for (const Worker& worker : workers) {
    if (!worker.recorder) continue;
    outcome.events += worker.recorder->events();
    for (std::size_t s = 0; s < outcome.status_counts.size(); ++s)
      outcome.status_counts[s] += worker.recorder->status_counts()[s];
    if (request.keep != Keep::histogram) continue;
    const auto& counts = static_cast<const HistogramRecorder&>(*worker.recorder).counts;
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
