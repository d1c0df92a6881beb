// Numbers that change a few at a time, kept in groups of 16 for the choice of one in proportion: the sum of a
// group that was touched is taken anew from its numbers, so no error grows.
#pragma once
#include <cstdint>
#include <vector>

#include "random/distributions.hpp"

namespace stochos::reactions {

// A number chosen in proportion, and a height that is uniform below it.
struct Pick {
  std::uint32_t item = 0;
  double height = 0;
};

class Sums {
 public:
  explicit Sums(std::uint32_t count)
      : groups_((count + kGroup - 1) / kGroup),
        value_(std::size_t{groups_} * kGroup, 0.0),
        sum_((groups_ + 3) & ~3U, 0.0),
        touched_(groups_, 0),
        list_(groups_ + 1) {}

  void clear() noexcept {}
  double operator[](std::uint32_t item) const noexcept { return value_[item]; }
  void put(std::uint32_t item, double value) noexcept {
    value_[item] = value;
    touch(item / kGroup);
  }
  void sum_up() noexcept;
  double total() const noexcept { return total_; }
  // The item in whose stretch of 0 .. total() the target lies; always one above 0, if there is any.
  std::uint32_t select(double target) const noexcept;
  Pick pick(random::Source& source) const noexcept {
    const std::uint32_t item = select(source.uniform() * total_);
    return {item, source.uniform() * value_[item]};
  }

 private:
  static constexpr std::uint32_t kGroup = 16;
  void touch(std::uint32_t group) noexcept {
    if (touched_[group] != 0) return;
    touched_[group] = 1;
    list_[listed_++] = group;
  }

  std::uint32_t groups_, listed_ = 0;
  std::vector<double> value_, sum_;
  std::vector<std::uint8_t> touched_;
  std::vector<std::uint32_t> list_;
  double total_ = 0;
};

}  // namespace stochos::reactions
