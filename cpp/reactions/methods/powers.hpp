// Numbers that change a few at a time, kept in groups of one binary exponent for the choice of one in
// proportion: a group by its sum, then a member that is uniform, taken with the chance of its significand.
// The choice costs the same however many there are.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "reactions/methods/sums.hpp"

namespace stochos::reactions {

// Sums of a group are whole numbers of units in the last place, so they are exact after any number of
// updates. All memory is taken at the start.
class Powers {
 public:
  explicit Powers(std::uint32_t count);
  // The order of members tells which one a draw means: all that is to come follows from what is put from
  // here.
  void clear() noexcept;
  // Not negative. One that is no finite number stays the total.
  void put(std::uint32_t item, double value) noexcept;
  void sum_up() noexcept;
  double total() const noexcept { return total_; }
  Pick pick(random::Source& source) const noexcept;

 private:
  static constexpr std::uint32_t kGroups = 2047;  // exponents of a finite double
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Item {
    std::uint64_t significand = 0;  // 0: the number is 0
    std::uint32_t where = 0;        // place among the members of its group
    std::uint16_t group = 0;
  };
  struct Group {
    std::uint64_t high = 0, low = 0;  // sums of the two halves of the significands
    std::uint32_t size = 0, begin = 0;
    std::uint16_t place = 0;  // among those with members
    std::uint8_t level = 0;   // room for 2^level members, none at 0
    bool touched = false;
  };
  void touch(std::uint16_t group) noexcept;
  void join(std::uint32_t item, std::uint16_t group) noexcept;
  void leave(std::uint32_t item) noexcept;
  void move(Group& group, std::uint8_t level) noexcept;

  std::vector<Item> items_;
  std::vector<Group> groups_;
  std::vector<std::uint16_t> active_, touched_;  // groups with members, largest exponent first
  std::vector<double> sum_;                      // of each active group
  std::size_t room_;
  std::unique_ptr<std::uint32_t[]> members_;  // stretches of powers of two; never written where never used
  std::vector<std::uint32_t> free_;           // of each level: the first stretch that is free
  std::uint32_t used_ = 0;
  double total_ = 0, bad_ = 0;
};

}  // namespace stochos::reactions
