#include "reactions/crossings.hpp"

#include <algorithm>
#include <cmath>

namespace stochos::reactions {
namespace {

constexpr int kMostLooks = 1024;  // at one window; then the parts that are left count as finest
constexpr int kFewLooks = 16;     // after which the next window is not longer
constexpr int kMostWindows = 16;  // before the loop may look around
constexpr double kFinest = 0x1p-40;

}  // namespace

Crossings::Crossings(const Network& network, const Flow& flow) : network_(network), flow_(flow) {
  for (std::uint32_t e = 0; e < network.events().size(); ++e)
    if (network.events()[e].curved) watches_.push_back({e});
  if (watches_.empty()) return;
  slots_.resize(network.slots());
  registers_.resize(network.registers());
}

void Crossings::forget(double now) {
  for (Watch& watch : watches_) {
    watch.clear = now;
    watch.found = kNever;
  }
}

double Crossings::next(double* x, double* registers, const std::vector<std::uint8_t>& state, double now,
                       double& until) {
  double first = kNever;
  bool touched = false;
  for (Watch& watch : watches_) {
    for (int windows = 0; watch.found == kNever && watch.clear < std::min(until, first); ++windows) {
      if (windows == kMostWindows) {
        until = watch.clear;
        break;
      }
      touched = true;
      const double to =
          std::max(std::min(watch.clear + watch.wish, flow_.reach()), std::nextafter(watch.clear, kNever));
      watch.found = search(watch, x, registers, state[watch.event] != 0, watch.clear, to);
      watch.clear = to;
    }
    first = std::min(first, watch.found);
  }
  if (touched) flow_.set(x, registers, now);
  return first <= until ? first : kNever;
}

double Crossings::search(Watch& watch, double* x, double* registers, bool state, double from, double to) {
  const expr::Program& trigger = network_.events()[watch.event].trigger.program();
  const double finest = kFinest * std::max(std::fabs(to), to - from);
  ends_.assign(1, to);
  int looks = 0;
  double begin = from;
  while (!ends_.empty()) {
    const double end = ends_.back();
    ++looks;
    flow_.box(x, begin, end, slots_.data(), registers_.data());
    const expr::Interval value = expr::enclose(trigger, slots_.data(), registers_.data());
    if (state ? value.is_true() : value.is_false()) {
      begin = end;
      ends_.pop_back();
      continue;
    }
    const double middle = begin + (end - begin) / 2;
    if (end - begin > finest && middle > begin && middle < end && looks < kMostLooks) {
      ends_.push_back(middle);
      continue;
    }
    flow_.set(x, registers, end);
    if ((trigger.run(x, registers) != 0) != state) {
      watch.wish = end - from;
      return end;
    }
    begin = end;
    ends_.pop_back();
  }
  watch.wish = looks <= kFewLooks ? std::min(2 * (to - from), 1e100) : (to - from) / 2;
  return kNever;
}

}  // namespace stochos::reactions
