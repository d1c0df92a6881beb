// The event loop over one method. Output times are passed, never restarted from: the next reaction is kept.
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "reactions/delays.hpp"
#include "reactions/happenings.hpp"
#include "reactions/methods/method.hpp"

namespace stochos::reactions {

template <class Method>
class LoopRunner : public Runner {
 public:
  LoopRunner(const Network& network, const Plan& plan, random::Key key)
      : network_(network),
        plan_(plan),
        key_(key),
        method_(network, key),
        happenings_(network, draws_),
        delays_(network, draws_),
        slots_(network.slots()),
        registers_(network.registers()) {
    // Stops are looked for about every 10^5 propensities, whatever one event costs.
    pace_ = std::clamp<std::uint64_t>((1U << 17) / (network.reactions() + 1), 1, 1024);
  }

  Ending run(std::uint64_t trajectory, Recorder& recorder, const Control& control) override {
    return recorder.wants_events() || !network_.events().empty() || network_.rules_read_time() ||
                   network_.has_delays()
               ? follow<true>(trajectory, recorder, control)
               : follow<false>(trajectory, recorder, control);
  }

 private:
  // kWatched: SBML events are looked for, and the recorder sees each reaction.
  template <bool kWatched>
  Ending follow(std::uint64_t trajectory, Recorder& recorder, const Control& control) {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    double* const x = slots_.data();
    double* const registers = registers_.data();
    const std::vector<double>& times = plan_.times;
    const auto began = std::chrono::steady_clock::now();
    const bool watch = kWatched && recorder.wants_events(), delayed = kWatched && network_.has_delays();
    std::size_t point = 0;
    std::uint64_t events = 0, look = pace_;
    double now = plan_.start;
    Status status = Status::done;
    network_.start(now, x, registers);
    draws_ = random::Source(key_, trajectory, random::kFirstDraw);
    network_.draw_first(x, registers, draws_);
    recorder.begin(trajectory);
    bool stop = false;
    if constexpr (kWatched) {
      delays_.begin();
      happenings_.begin(x, registers, now);
      stop = watch && recorder.event(now, kNoReaction, x);
    }
    method_.begin(x, registers, trajectory);
    // Points before `until` hold the present state.
    const auto record = [&](double until) {
      while (point < times.size() && times[point] < until) {
        if constexpr (kWatched) {
          x[network_.time_slot()] = times[point];
          network_.assign(x, registers);
        }
        recorder.point(point++, x);
      }
    };
    double limit = times[0];
    while (!stop) {
      const double next = method_.next(now);
      if constexpr (kWatched) {
        // Happenings at the very time of an output belong before it.
        const double end = std::min(next, times.back());
        double happens = happenings_.next(x, registers, now, end);
        const bool completes = delayed && delays_.next() <= std::min(happens, end);
        if (completes) happens = delays_.next();
        if (happens <= end) {
          record(happens);
          now = happens;
          bool anew = true;
          if (completes) {
            const std::uint32_t completion = delays_.complete(x, registers, now);
            anew = happenings_.check(x, registers, now);
            if (!anew) method_.moved(completion, x, registers, now);
          } else {
            happenings_.happen(x, registers, now);
          }
          if (anew) method_.refresh(x, registers, now);
          stop = watch && recorder.event(now, kNoReaction, x);
          if (--look == 0) {
            look = pace_;
            if (control.stopped()) return {Status::timeout, events, now, x};
          }
          continue;
        }
      }
      if (next > limit) {
        record(next);
        if (point == times.size()) {
          status = next == kNever && delays_.next() == kNever ? Status::absorbed : Status::done;
          now = times.back();
          break;
        }
        limit = times[point];
      }
      if (events == plan_.max_events) {
        status = Status::max_events;
        break;
      }
      now = next;
      if constexpr (kWatched) x[network_.time_slot()] = now;
      const std::uint32_t reaction = method_.fire(x, registers, now);
      ++events;
      if constexpr (kWatched) {
        if (network_.rules_read_time()) network_.assign(x, registers);
        if (delayed) delays_.start(reaction, x, registers, now);
        stop = watch && recorder.event(now, reaction, x);
        if (!stop && happenings_.check(x, registers, now)) {
          method_.refresh(x, registers, now);
          stop = watch && recorder.event(now, kNoReaction, x);
        }
      }
      if (--look == 0) {
        look = pace_;
        if (control.stopped()) return {Status::timeout, events, now, x};
        network_.check_amounts(x, now);
        if (plan_.timeout < kNever) {
          const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
          if (spent.count() > plan_.timeout) {
            status = Status::timeout;
            break;
          }
        }
      }
    }
    network_.check_amounts(x, now);
    const Ending ending{status, events, now, x};
    recorder.end(ending);
    return ending;
  }

  const Network& network_;
  const Plan& plan_;
  random::Key key_;
  random::Source draws_;  // of initial values, events and delays
  Method method_;
  Happenings happenings_;
  Delays delays_;
  std::vector<double> slots_, registers_;
  std::uint64_t pace_ = 1024;
};

}  // namespace stochos::reactions
