#include "reactions/methods/cr.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "reactions/methods/loop.hpp"

namespace stochos::reactions {
namespace {

constexpr std::uint64_t kOne = 1ULL << 52, kLow = (1ULL << 26) - 1;

// Value of a unit in the last place of a group.
double unit(std::uint32_t group) {
  return std::ldexp(1.0, static_cast<int>(std::max(group, 1U)) - 1075);
}

}  // namespace

CompositionRejection::CompositionRejection(const Network& network, random::Key key)
    : network_(network),
      key_(key),
      significand_(network.reactions(), 0),
      group_(network.reactions(), 0),
      where_(network.reactions(), 0),
      groups_(kGroups) {
  active_.reserve(kGroups);
}

void CompositionRejection::begin(const double* x, double* registers, std::uint64_t record) {
  source_ = random::Source(key_, record);
  refresh(x, registers, 0);
}

void CompositionRejection::refresh(const double* x, double* registers, double time) {
  // The order of members tells which one a draw means, so each start builds the groups anew.
  for (const std::uint16_t g : active_) {
    groups_[g].members.clear();
    groups_[g].high = groups_[g].low = 0;
    groups_[g].sum = 0;
  }
  active_.clear();
  std::fill(significand_.begin(), significand_.end(), 0);
  for (std::uint32_t r = 0; r < significand_.size(); ++r) {
    const double a = network_.propensity(r, x, registers);
    if (!(a <= kMostTotal)) no_reaction(a, time);
    set(r, a);
  }
  sum_up();
}

void CompositionRejection::set(std::uint32_t reaction, double a) {
  std::uint64_t m = 0;
  std::uint16_t g = 0;
  if (a > 0) {
    const auto bits = std::bit_cast<std::uint64_t>(a);
    g = static_cast<std::uint16_t>(std::min<std::uint64_t>(bits >> 52, kGroups - 1));
    m = (bits & (kOne - 1)) | (g > 0 ? kOne : 0);
  }
  const std::uint64_t before = significand_[reaction];
  if (before == m && group_[reaction] == g) return;
  if (before != 0) {
    Group& old = groups_[group_[reaction]];
    old.high -= before >> 26;
    old.low -= before & kLow;
    if (m == 0 || g != group_[reaction]) {
      const std::uint32_t last = old.members.back();
      old.members[where_[reaction]] = last;
      where_[last] = where_[reaction];
      old.members.pop_back();
    }
  }
  if (m != 0) {
    Group& group = groups_[g];
    if (before == 0 || g != group_[reaction]) {
      if (group.members.empty()) {
        const auto place = std::lower_bound(active_.begin(), active_.end(), g, std::greater<>());
        if (place == active_.end() || *place != g) active_.insert(place, g);
      }
      where_[reaction] = static_cast<std::uint32_t>(group.members.size());
      group.members.push_back(reaction);
    }
    group.high += m >> 26;
    group.low += m & kLow;
  }
  significand_[reaction] = m;
  group_[reaction] = g;
}

void CompositionRejection::sum_up() noexcept {
  constexpr double kHalf = 67108864;  // 2^26
  total_ = 0;
  for (const std::uint16_t g : active_) {
    Group& group = groups_[g];
    // Exact but for one rounding; the unit is a power of two.
    const double whole = static_cast<double>(group.high) * kHalf + static_cast<double>(group.low);
    group.sum = g > 0 ? whole * std::bit_cast<double>(std::uint64_t{g} << 52) * 0x1p-52 : whole * unit(g);
    total_ += group.sum;
  }
}

double CompositionRejection::next(double now) {
  if (!(total_ > 0 && total_ <= kMostTotal)) [[unlikely]]
    return no_reaction(total_, now);
  return now + source_.exponential() / total_;
}

std::uint32_t CompositionRejection::select() {
  double target = source_.uniform() * total_;
  const Group* chosen = nullptr;
  for (const std::uint16_t g : active_) {
    if (groups_[g].members.empty()) continue;
    chosen = &groups_[g];
    if (target < chosen->sum) break;
    target -= chosen->sum;
  }
  const auto size = static_cast<std::uint32_t>(chosen->members.size());
  for (;;) {
    const auto member = static_cast<std::uint32_t>(source_.uniform() * size);
    const std::uint32_t reaction = chosen->members[std::min(member, size - 1)];
    if (source_.uniform() * 0x1p53 < static_cast<double>(significand_[reaction])) return reaction;
  }
}

std::uint32_t CompositionRejection::fire(double* x, double* registers, double now) {
  const std::uint32_t reaction = select();
  network_.apply(reaction, x, registers);
  moved(reaction, x, registers, now);
  return reaction;
}

void CompositionRejection::moved(std::uint32_t reaction, const double* x, double* registers, double now) {
  network_.renew(reaction, x, registers, [&](std::uint32_t j, double a) {
    if (!(a <= kMostTotal)) no_reaction(a, now);
    set(j, a);
  });
  sum_up();
}

std::unique_ptr<Runner> make_cr(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<CompositionRejection>>(network, plan, key);
}

}  // namespace stochos::reactions
