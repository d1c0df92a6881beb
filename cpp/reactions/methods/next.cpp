#include "reactions/methods/next.hpp"

#include <numeric>

#include "reactions/methods/loop.hpp"

namespace stochos::reactions {
namespace {
constexpr double kNever = std::numeric_limits<double>::infinity();
}

Next::Next(const Network& network, random::Key key)
    : network_(network),
      key_(key),
      propensity_(network.reactions(), 0.0),
      time_(network.reactions(), kNever),
      heap_(network.reactions()),
      where_(network.reactions()) {}

void Next::begin(const double* x, double* registers, std::uint64_t record) {
  source_ = random::Source(key_, record);
  std::iota(heap_.begin(), heap_.end(), 0U);
  std::iota(where_.begin(), where_.end(), 0U);
  refresh(x, registers, x[network_.time_slot()]);
}

// Waiting times have no memory, so all may be drawn afresh.
void Next::refresh(const double* x, double* registers, double time) {
  for (std::uint32_t r = 0; r < time_.size(); ++r) {
    propensity_[r] = network_.propensity(r, x, registers);
    time_[r] = time_of(propensity_[r], time);
  }
  for (auto at = static_cast<std::uint32_t>(heap_.size() / 2); at-- > 0;) down(at);
}

double Next::time_of(double propensity, double now) {
  if (!(propensity > 0)) return kNever;
  if (!(propensity <= kMostTotal)) return no_reaction(propensity, now);
  return now + source_.exponential() / propensity;
}

void Next::up(std::uint32_t at) noexcept {
  const std::uint32_t reaction = heap_[at];
  const double time = time_[reaction];
  while (at > 0) {
    const std::uint32_t above = (at - 1) / 2;
    if (time_[heap_[above]] <= time) break;
    place(at, heap_[above]);
    at = above;
  }
  place(at, reaction);
}

void Next::down(std::uint32_t at) noexcept {
  const std::uint32_t reaction = heap_[at];
  const double time = time_[reaction];
  const auto size = static_cast<std::uint32_t>(heap_.size());
  for (;;) {
    std::uint32_t below = 2 * at + 1;
    if (below >= size) break;
    if (below + 1 < size && time_[heap_[below + 1]] < time_[heap_[below]]) ++below;
    if (time_[heap_[below]] >= time) break;
    place(at, heap_[below]);
    at = below;
  }
  place(at, reaction);
}

void Next::place_anew(std::uint32_t reaction) noexcept {
  const std::uint32_t at = where_[reaction];
  up(at);
  if (where_[reaction] == at) down(at);
}

double Next::next(double) {
  return heap_.empty() ? kNever : time_[heap_[0]];
}

std::uint32_t Next::fire(double* x, double* registers, double now) {
  const std::uint32_t reaction = heap_[0];
  network_.apply(reaction, x, registers);
  moved(reaction, x, registers, now);
  time_[reaction] = time_of(propensity_[reaction], now);
  place_anew(reaction);
  return reaction;
}

void Next::moved(std::uint32_t reaction, const double* x, double* registers, double now) {
  // The one that fired draws anew; the time left of any other is stretched by the ratio of propensities.
  network_.renew(reaction, x, registers, [&](std::uint32_t j, double a) {
    const double before = propensity_[j];
    propensity_[j] = a;
    if (j == reaction || a == before) return;
    time_[j] = a > 0 && before > 0 ? now + before / a * (time_[j] - now) : time_of(a, now);
    place_anew(j);
  });
}

std::unique_ptr<Runner> make_next(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<Next>>(network, plan, key);
}

}  // namespace stochos::reactions
