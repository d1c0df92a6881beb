// The direct method, one trajectory a thread. With the same draws, sums in the same order and no fused
// operation, a trajectory has the bits that reactions/methods/direct.cpp gives it: of every network of mass
// action, and of laws and rules made of + - * /, comparisons and square roots.
#pragma once
#include <cfloat>
#include <cmath>
#include <cstdint>

#include "cuda/ssa_types.hpp"
#include "random/log.hpp"
#include "random/stream.hpp"

namespace stochos::cuda {

// A state whose slots stand `stride` apart.
struct SsaState {
  double* x;
  std::size_t stride;
  STOCHOS_DEVICE double& operator()(std::uint32_t slot) const { return x[slot * stride]; }
};

template <bool kPrograms>
STOCHOS_DEVICE inline double ssa_propensity(const SsaModel& m, const SsaLaw& law, const SsaState& x,
                                            double* registers) {
  if (law.kind == SsaKind::quick) {
    double a = law.c;
    if (law.first != kNoSlot) a = a * x(law.first);
    if (law.second != kNoSlot) a = a * (x(law.second) - law.less);
    return a;
  }
  if (law.kind == SsaKind::product) {
    double a = law.c;
    for (std::uint32_t t = law.terms_begin; t < law.terms_end; ++t) {
      const SsaTerm term = m.terms[t];
      const double amount = x(term.slot);
      if (amount < term.count) return 0;
      for (std::uint32_t k = 0; k < term.count; ++k) a = a * (amount - k) / (k + 1);
    }
    return a;
  }
  if constexpr (kPrograms) {
    for (std::uint32_t t = law.terms_begin; t < law.terms_end; ++t)
      if (x(m.terms[t].slot) < m.terms[t].count) return 0;
    return run_code(law.code, m.steps, m.constants, x, registers);
  }
  return 0;
}

STOCHOS_DEVICE inline void ssa_begin(const SsaModel& m, const SsaLanes& lanes, std::size_t lane) {
  for (std::uint32_t s = 0; s < m.slots; ++s) lanes.x[s * lanes.lanes + lane] = m.initial[s];
  lanes.now[lane] = m.start;
  lanes.events[lane] = 0;
  lanes.point[lane] = 0;
  lanes.fault[lane] = 0;
  lanes.status[lane] = SsaStatus::running;
}

// What next() of the direct method finds out.
struct SsaNext {
  double total, time, target;
};

template <bool kPrograms>
STOCHOS_DEVICE inline SsaStatus ssa_next(const SsaModel& m, const SsaState& x, std::uint64_t trajectory,
                                         std::uint64_t events, double now, double* registers,
                                         std::uint32_t* fault, SsaNext* next) {
  double total = 0;
  for (std::uint32_t r = 0; r < m.reactions; ++r) {
    const double a = ssa_propensity<kPrograms>(m, m.laws[r], x, registers);
    if (kPrograms && m.laws[r].kind == SsaKind::program && !(a >= 0 && a <= DBL_MAX)) {
      *fault = r;
      return SsaStatus::bad_law;
    }
    total += a;
  }
  next->total = total;
  if (!(total > 0 && total <= DBL_MAX)) {
    next->time = HUGE_VAL;
    return total == 0 ? SsaStatus::running : SsaStatus::bad_total;
  }
  const random::Block bits = random::draw({m.key[0], m.key[1]}, trajectory, events);
  next->time = now + -random::log(random::uniform_open(bits[0], bits[1])) / total;
  next->target = random::uniform_open(bits[2], bits[3]) * total;
  return SsaStatus::running;
}

// The first reaction whose sum is above the target; after rounding up to the total, the last that can fire.
template <bool kPrograms>
STOCHOS_DEVICE inline std::uint32_t ssa_choose(const SsaModel& m, const SsaState& x, double target,
                                               double* registers) {
  double sum = 0;
  std::uint32_t last = 0;
  for (std::uint32_t r = 0; r < m.reactions; ++r) {
    const double a = ssa_propensity<kPrograms>(m, m.laws[r], x, registers);
    sum += a;
    if (target < sum) return r;
    if (a > 0) last = r;
  }
  return last;
}

STOCHOS_DEVICE inline bool ssa_amounts_fit(const SsaModel& m, const SsaState& x) {
  for (std::uint32_t s = 0; s < m.species; ++s)
    if (!(fabs(x(s)) <= 9007199254740992.0)) return false;  // 2^53
  return true;
}

// At most `steps` events of one trajectory, from where the last slice ended: the state is all that a slice
// hands to the next, so that no result depends on where slices end.
template <bool kPrograms>
STOCHOS_DEVICE inline SsaStatus ssa_slice(const SsaModel& m, const SsaLanes& lanes, std::size_t lane,
                                          const SsaState& x, double* registers, std::uint32_t steps) {
  SsaStatus status = lanes.status[lane];
  if (status != SsaStatus::running) return status;
  double now = lanes.now[lane];
  std::uint64_t events = lanes.events[lane];
  std::uint32_t point = lanes.point[lane];
  double* place = lanes.values == nullptr ? nullptr : lanes.values + (lane * m.points + point) * m.columns;
  double limit = m.times[point];
  for (std::uint32_t step = 0; step < steps; ++step) {
    SsaNext next{};
    status = ssa_next<kPrograms>(m, x, lanes.first + lane, events, now, registers, lanes.fault + lane, &next);
    if (status != SsaStatus::running) break;
    if (next.time > limit) {
      for (; point < m.points && m.times[point] < next.time; ++point) {
        if (place == nullptr) continue;
        for (std::uint32_t c = 0; c < m.columns; ++c) *place++ = x(m.record[c]);
      }
      if (point == m.points) {
        status = next.total == 0 ? SsaStatus::absorbed : SsaStatus::done;
        now = m.times[m.points - 1];
        break;
      }
      limit = m.times[point];
    }
    if (events == m.max_events) {
      status = SsaStatus::max_events;
      break;
    }
    now = next.time;
    const std::uint32_t r = ssa_choose<kPrograms>(m, x, next.target, registers);
    for (std::uint32_t c = m.change_start[r]; c < m.change_start[r + 1]; ++c)
      x(m.changes[c].slot) += m.changes[c].delta;
    if constexpr (kPrograms) {
      for (std::uint32_t a = 0; a < m.rules; ++a)
        x(m.rule[a].slot) = run_code(m.rule[a].code, m.steps, m.constants, x, registers);
    }
    ++events;
  }
  if (status <= SsaStatus::max_events) {
    if (!ssa_amounts_fit(m, x)) status = SsaStatus::bad_amount;
    for (std::uint32_t c = 0; c < m.columns; ++c) lanes.final[lane * m.columns + c] = x(m.record[c]);
  }
  lanes.now[lane] = now;
  lanes.events[lane] = events;
  lanes.point[lane] = point;
  lanes.status[lane] = status;
  return status;
}

// Number `item` of blocks * T * C, or of blocks * T * C * C.
STOCHOS_DEVICE inline void ssa_moment(const SsaModel& m, const SsaLanes& lanes, const SsaMoments& to,
                                      std::size_t item) {
  std::size_t rest = item;
  const std::size_t C = m.columns, T = m.points;
  const std::size_t j = rest % C;
  rest /= C;
  const std::size_t i = to.full ? rest % C : j;
  if (to.full) rest /= C;
  const std::size_t point = rest % T, block = rest / T;
  if (i > j) {
    to.spread[item] = 0;
    return;
  }
  const std::size_t begin = block * to.block;
  const std::size_t end = begin + to.block < lanes.lanes ? begin + to.block : lanes.lanes;
  std::uint64_t count = 0;
  double mean_i = 0, mean_j = 0, spread = 0;
  for (std::size_t lane = begin; lane < end; ++lane) {
    if (lanes.point[lane] <= point) continue;
    const double part = 1.0 / static_cast<double>(++count);
    const double* const value = lanes.values + (lane * T + point) * C;
    const double step = value[i] - mean_i;
    mean_i += step * part;
    mean_j += (value[j] - mean_j) * part;
    spread += step * (value[j] - mean_j);
  }
  to.spread[item] = spread;
  if (i != j) return;
  to.mean[(block * T + point) * C + j] = mean_j;
  if (j == 0) to.count[block * T + point] = count;
}

}  // namespace stochos::cuda
