// Numbers that change a few at a time, kept in groups of 16, and these in blocks of 16 groups, for the choice
// of one in proportion: the sum of a group or block that was touched is taken anew from what it holds, so no
// error grows.
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
      : groups_(count),
        blocks_(groups_.count),
        value_(groups_.sum.size() * kGroup, 0.0),
        used_(blocks_.count) {}

  void clear() noexcept {}
  double operator[](std::uint32_t item) const noexcept { return value_[item]; }
  // The sums go over the first `items` alone; those behind them must be 0.
  void use(std::uint32_t items) noexcept { used_ = (items + kGroup * kGroup - 1) / (kGroup * kGroup); }
  void put(std::uint32_t item, double value) noexcept {
    if (value_[item] == value) return;
    value_[item] = value;
    groups_.touch(item / kGroup);
  }
  void sum_up() noexcept;
  std::uint64_t summed() const noexcept { return groups_.summed; }  // groups, since the object was made
  double total() const noexcept { return total_; }
  // The item in whose stretch of 0 .. total() the target lies; always one above 0, if there is any.
  std::uint32_t select(double target) const noexcept;
  Pick pick(random::Source& source) const noexcept {
    const std::uint32_t item = select(source.uniform() * total_);
    return {item, source.uniform() * value_[item]};
  }

 private:
  static constexpr std::uint32_t kGroup = 16;
  // Sums of 16 each of what is below, as many as fill groups of the level above.
  struct Level {
    explicit Level(std::uint32_t below)
        : count((below + kGroup - 1) / kGroup),
          sum((std::size_t{count} + kGroup - 1) / kGroup * kGroup, 0.0),
          touched(count, 0),
          list(count + 1) {}
    void touch(std::uint32_t group) noexcept {
      if (touched[group] != 0) return;
      touched[group] = 1;
      list[listed++] = group;
    }
    void sum_up(const double* below, Level* above) noexcept;

    std::uint32_t count, listed = 0;
    std::uint64_t summed = 0;
    std::vector<double> sum;
    std::vector<std::uint8_t> touched;
    std::vector<std::uint32_t> list;
  };

  Level groups_, blocks_;
  std::vector<double> value_;
  std::uint32_t used_;  // blocks
  double total_ = 0;
};

}  // namespace stochos::reactions
