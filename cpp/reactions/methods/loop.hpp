// The event loop over one method. Output times are passed, never restarted from: the next reaction is kept.
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "reactions/delays.hpp"
#include "reactions/flow.hpp"
#include "reactions/happenings.hpp"
#include "reactions/methods/method.hpp"
#include "reactions/thinning.hpp"

namespace stochos::reactions {

template <class Method>
class LoopRunner : public Runner {
 public:
  LoopRunner(const Network& network, const Plan& plan, random::Key key)
      : network_(network),
        plan_(plan),
        key_(key),
        method_(network, key),
        flow_(network),
        thinning_(network, flow_, key),
        happenings_(network, flow_, key, draws_),
        delays_(network, draws_),
        slots_(network.slots()),
        registers_(network.registers()) {
    // Stops are looked for about every 10^5 propensities, whatever one event costs.
    pace_ = std::clamp<std::uint64_t>((1U << 17) / (network.reactions() + 1), 1, 1024);
  }

  Ending run(std::uint64_t trajectory, Recorder& recorder, const Control& control) override {
    if (network_.moves()) return follow<true, true>(trajectory, recorder, control);
    return recorder.wants_events() || !network_.events().empty() || network_.rules_read_time() ||
                   network_.has_delays()
               ? follow<true, false>(trajectory, recorder, control)
               : follow<false, false>(trajectory, recorder, control);
  }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  static constexpr std::uint64_t kCheck = 1024;  // events between two looks at all amounts

  // What comes next in a network that moves between reactions, once nothing that moves is in its way.
  struct Ahead {
    double happens = kNever;  // a happening, infinity for none before the reaction
    double timed = kNever;    // a reaction with a law that moves, before both
    bool stopped = false;
  };

  // Walks from `now` on, over steps of the variables with rates, until the next reaction of the method, one
  // of the others, a happening, or the end. record(t) takes down the points before t.
  template <class Record, class Late>
  Ahead walk(double& now, double next, Record&& record, Late&& late) {
    double* const x = slots_.data();
    double* const registers = registers_.data();
    const double goal = std::min({next, plan_.times.back(), delays_.next()});
    for (;;) {
      Ahead ahead;
      double until = std::min(goal, flow_.reach());
      ahead.happens = happenings_.next(x, registers, now, until);
      until = std::min(until, ahead.happens);
      ahead.timed = thinning_.next(x, registers, now, next, until);
      if (ahead.timed <= until) {
        ahead.happens = kNever;
        return ahead;
      }
      if (ahead.happens <= until) return ahead;
      ahead.happens = kNever;
      if (until >= goal) return ahead;
      record(until);
      now = until;
      if (now >= flow_.reach()) flow_.step(x, registers);
      flow_.set(x, registers, now);
      if ((ahead.stopped = late())) return ahead;
    }
  }

  // After a reaction or a happening: what moves sets out anew where it was changed.
  void stirred(bool rates, bool timed, bool triggers, double now) {
    if (rates) flow_.restart(slots_.data(), registers_.data(), now);
    if (rates || timed) thinning_.forget();
    if (rates || triggers) happenings_.forget(now);
  }

  void stir(std::uint32_t reaction, double now) {
    stirred(network_.stirs_rates(reaction), network_.stirs_timed(reaction), network_.stirs_curved(reaction),
            now);
  }

  // kWatched: SBML events are looked for, and the recorder sees each reaction. kMoving: laws, variables or
  // triggers move between reactions.
  template <bool kWatched, bool kMoving>
  Ending follow(std::uint64_t trajectory, Recorder& recorder, const Control& control) {
    double* const x = slots_.data();
    double* const registers = registers_.data();
    const std::vector<double>& times = plan_.times;
    const auto began = std::chrono::steady_clock::now();
    const bool watch = kWatched && recorder.wants_events(), delayed = kWatched && network_.has_delays();
    std::size_t point = 0;
    std::uint64_t events = 0, look = pace_, check = kCheck;
    double now = plan_.start;
    Status status = Status::done;
    network_.start(now, x, registers);
    draws_ = random::Source(key_, trajectory, random::kFirstDraw);
    network_.draw_first(x, registers, draws_);
    recorder.begin(trajectory);
    bool stop = false;
    if constexpr (kWatched) {
      delays_.begin();
      happenings_.begin(x, registers, now, trajectory);
      stop = watch && recorder.event(now, kNoReaction, x);
    }
    if constexpr (kMoving) {
      flow_.begin(x, registers, now);
      thinning_.begin(trajectory);
    }
    method_.begin(x, registers, trajectory);
    // Points before `until` hold the present state.
    const auto record = [&](double until) {
      while (point < times.size() && times[point] < until) {
        if constexpr (kMoving) {
          flow_.set(x, registers, times[point]);
        } else if constexpr (kWatched) {
          x[network_.time_slot()] = times[point];
          network_.assign_moving(x, registers);
        }
        recorder.point(point++, x);
      }
    };
    const auto late = [&] {
      if (control.stopped()) return true;
      if (plan_.timeout == kNever) return false;
      const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
      return spent.count() > plan_.timeout;
    };
    double limit = times[0];
    while (!stop) {
      double next = method_.next(now);
      bool timed = false;
      if constexpr (kWatched) {
        // Happenings at the very time of an output belong before it.
        double happens = kNever;
        if constexpr (kMoving) {
          const Ahead ahead = walk(now, next, record, late);
          if (ahead.stopped) {
            status = Status::timeout;
            break;
          }
          happens = ahead.happens;
          timed = ahead.timed < kNever;
          if (timed) next = ahead.timed;
        } else {
          double until = std::min(next, times.back());
          happens = happenings_.next(x, registers, now, until);
        }
        const double end = std::min(next, times.back());
        const bool completes = delayed && delays_.next() <= std::min(happens, end);
        if (completes) happens = delays_.next();
        if (happens <= end) {
          record(happens);
          now = happens;
          bool anew = true;
          if (completes) {
            if constexpr (kMoving) flow_.set(x, registers, now);
            const std::uint32_t completion = delays_.complete(x, registers, now);
            if constexpr (kMoving) stir(completion, now);
            anew = happenings_.check(x, registers, now);
            if (!anew) method_.moved(completion, x, registers, now);
          } else {
            happenings_.happen(x, registers, now);
          }
          if (anew) {
            if constexpr (kMoving) stirred(true, true, true, now);
            method_.refresh(x, registers, now);
          }
          stop = watch && recorder.event(now, kNoReaction, x);
          if (--look == 0) {
            look = pace_;
            if (control.stopped()) return {Status::timeout, events, now, x};
            if (late()) {
              status = Status::timeout;
              break;
            }
          }
          continue;
        }
      }
      if (next > limit) {
        record(next);
        if (point == times.size()) {
          status = next == kNever && !kMoving && delays_.next() == kNever ? Status::absorbed : Status::done;
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
      std::uint32_t reaction = kNoReaction;
      if constexpr (kMoving) {
        flow_.set(x, registers, now);
      } else if constexpr (kWatched) {
        x[network_.time_slot()] = now;
      }
      if (kMoving && timed) {
        reaction = thinning_.reaction();
        network_.apply(reaction, x, registers);
        method_.moved(reaction, x, registers, now);
      } else {
        reaction = method_.fire(x, registers, now);
      }
      ++events;
      if constexpr (kWatched) {
        network_.assign_moving(x, registers);
        if (delayed) delays_.start(reaction, x, registers, now);
        if constexpr (kMoving) stir(reaction, now);
        stop = watch && recorder.event(now, reaction, x);
        if (!stop && happenings_.check(x, registers, now)) {
          if constexpr (kMoving) stirred(true, true, true, now);
          method_.refresh(x, registers, now);
          stop = watch && recorder.event(now, kNoReaction, x);
        }
      }
      if (--look == 0) {
        look = pace_;
        if (control.stopped()) return {Status::timeout, events, now, x};
        if (events >= check) {
          network_.check_amounts(x, now);
          check = events + kCheck;
        }
        if (late()) {
          status = Status::timeout;
          break;
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
  Flow flow_;
  Thinning thinning_;
  Happenings happenings_;
  Delays delays_;
  std::vector<double> slots_, registers_;
  std::uint64_t pace_ = 1024;
};

}  // namespace stochos::reactions
