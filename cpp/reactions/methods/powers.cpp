#include "reactions/methods/powers.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace stochos::reactions {
namespace {

constexpr std::uint64_t kOne = 1ULL << 52, kLow = (1ULL << 26) - 1;
constexpr std::uint8_t kLeastLevel = 2;

// Value of a unit in the last place of a group.
double unit(std::uint32_t group) noexcept {
  return group > 0 ? std::bit_cast<double>(std::uint64_t{group} << 52) * 0x1p-52 : 0x1p-1074;
}

// Of all levels that `count` items can ever fill.
std::uint32_t levels(std::uint32_t count) noexcept {
  return std::max<std::uint32_t>(kLeastLevel, static_cast<std::uint32_t>(std::bit_width(count))) + 1;
}

// A group of level above the least has more than a quarter of its room full, so there are never more of a
// level than this.
std::size_t most_of_level(std::uint32_t count, std::uint32_t level, std::uint32_t groups) noexcept {
  const std::size_t full = level == kLeastLevel ? count : (std::size_t{4} * count >> level) + 1;
  return std::min<std::size_t>(full, groups) + 1;  // one more while members move
}

}  // namespace

Powers::Powers(std::uint32_t count) : items_(count), groups_(kGroups), room_(0), free_(levels(count), kNone) {
  for (std::uint32_t level = kLeastLevel; level < free_.size(); ++level)
    room_ += most_of_level(count, level, kGroups) << level;
  members_.reset(new std::uint32_t[room_]);
  const std::size_t most = std::min<std::size_t>(count, kGroups) + 1;
  active_.reserve(most);
  sum_.reserve(most);
  touched_.reserve(kGroups);
}

void Powers::clear() noexcept {
  for (Item& item : items_) item.significand = 0;
  for (const std::uint16_t g : active_) groups_[g] = {};
  for (const std::uint16_t g : touched_) groups_[g] = {};
  active_.clear();
  touched_.clear();
  sum_.clear();
  std::fill(free_.begin(), free_.end(), kNone);
  used_ = 0;
  total_ = bad_ = 0;
}

void Powers::touch(std::uint16_t group) noexcept {
  if (groups_[group].touched) return;
  groups_[group].touched = true;
  touched_.push_back(group);
}

// Gives a group room for 2^level members, none at 0.
void Powers::move(Group& group, std::uint8_t level) noexcept {
  std::uint32_t begin = 0;
  if (level > 0) {
    begin = free_[level];
    if (begin != kNone) {
      free_[level] = members_[begin];
    } else {
      begin = used_;
      used_ += 1U << level;
    }
    std::copy_n(members_.get() + group.begin, group.size, members_.get() + begin);
  }
  if (group.level > 0) {
    members_[group.begin] = free_[group.level];
    free_[group.level] = group.begin;
  }
  group.begin = begin;
  group.level = level;
}

void Powers::join(std::uint32_t item, std::uint16_t g) noexcept {
  Group& group = groups_[g];
  if (group.size == 0) {
    const auto place = static_cast<std::size_t>(
        std::lower_bound(active_.begin(), active_.end(), g, std::greater<>()) - active_.begin());
    active_.insert(active_.begin() + static_cast<std::ptrdiff_t>(place), g);
    sum_.insert(sum_.begin() + static_cast<std::ptrdiff_t>(place), 0.0);
    for (std::size_t i = place; i < active_.size(); ++i)
      groups_[active_[i]].place = static_cast<std::uint16_t>(i);
    move(group, kLeastLevel);
  } else if (group.size == 1U << group.level) {
    move(group, static_cast<std::uint8_t>(group.level + 1));
  }
  items_[item].where = group.size;
  items_[item].group = g;
  members_[group.begin + group.size++] = item;
}

void Powers::leave(std::uint32_t item) noexcept {
  Group& group = groups_[items_[item].group];
  std::uint32_t* const members = members_.get() + group.begin;
  const std::uint32_t last = members[--group.size];
  members[items_[item].where] = last;
  items_[last].where = items_[item].where;
  if (group.size == 0) {
    const auto place = static_cast<std::ptrdiff_t>(group.place);
    active_.erase(active_.begin() + place);
    sum_.erase(sum_.begin() + place);
    for (std::size_t i = group.place; i < active_.size(); ++i)
      groups_[active_[i]].place = static_cast<std::uint16_t>(i);
    move(group, 0);
  } else if (group.level > kLeastLevel && group.size <= 1U << (group.level - 2)) {
    move(group, static_cast<std::uint8_t>(group.level - 1));
  }
}

void Powers::put(std::uint32_t item, double value) noexcept {
  std::uint64_t m = 0;
  std::uint16_t g = 0;
  if (value > 0) {
    if (!(value <= std::numeric_limits<double>::max())) {
      bad_ = value;
      return;
    }
    const auto bits = std::bit_cast<std::uint64_t>(value);
    g = static_cast<std::uint16_t>(bits >> 52);
    m = (bits & (kOne - 1)) | (g > 0 ? kOne : 0);
  } else if (!(value == 0)) {
    bad_ = value;
    return;
  }
  Item& of = items_[item];
  const std::uint64_t before = of.significand;
  const bool stays = before != 0 && m != 0 && g == of.group;
  if (before == m && (m == 0 || stays)) return;
  if (before != 0) {
    Group& old = groups_[of.group];
    old.high -= before >> 26;
    old.low -= before & kLow;
    touch(of.group);
    if (!stays) leave(item);
  }
  of.significand = m;
  if (m == 0) return;
  if (!stays) join(item, g);
  groups_[g].high += m >> 26;
  groups_[g].low += m & kLow;
  touch(g);
}

void Powers::sum_up() noexcept {
  if (touched_.empty() && bad_ == 0) return;
  constexpr double kHalf = 67108864;  // 2^26
  for (const std::uint16_t g : touched_) {
    Group& group = groups_[g];
    group.touched = false;
    // Exact but for one rounding; the unit is a power of two.
    if (group.size > 0)
      sum_[group.place] =
          (static_cast<double>(group.high) * kHalf + static_cast<double>(group.low)) * unit(g);
  }
  touched_.clear();
  total_ = bad_;
  for (const double sum : sum_) total_ += sum;
}

Pick Powers::pick(random::Source& source) const noexcept {
  double target = source.uniform() * total_;
  std::size_t place = 0;
  for (; place + 1 < sum_.size() && !(target < sum_[place]); ++place) target -= sum_[place];
  const Group& group = groups_[active_[place]];
  const std::uint32_t* const members = members_.get() + group.begin;
  for (;;) {
    const auto member = static_cast<std::uint32_t>(source.uniform() * group.size);
    const std::uint32_t item = members[std::min(member, group.size - 1)];
    const double height = source.uniform() * 0x1p53;
    if (height < static_cast<double>(items_[item].significand)) return {item, height * unit(active_[place])};
  }
}

}  // namespace stochos::reactions
