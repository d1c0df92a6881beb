// Draws of a trajectory for methods that take one block of four words an event.
#pragma once
#include <array>
#include <cstdint>

#include "random/log.hpp"
#include "random/stream.hpp"

namespace stochos::reactions {

// Block b of a trajectory gives the pair number b: an exponential and a uniform. They are made some at a
// time, so that the work of one overlaps with the next.
class Draws {
 public:
  explicit Draws(random::Key key) : key_(key) {}
  void begin(std::uint64_t record) noexcept {
    record_ = record;
    made_ = 0;
    place_ = 0;
    filled_ = 0;
    amount_ = 4;  // a short trajectory pays for few
  }
  struct Pair {
    double exponential, uniform;
  };
  Pair next() noexcept {
    if (place_ == filled_) fill();
    return pairs_[place_++];
  }

 private:
  void fill() noexcept {
    for (std::uint32_t i = 0; i < amount_; ++i) {
      const random::Block b = random::draw(key_, record_, made_ + i);
      pairs_[i] = {random::uniform_open(b[0], b[1]), random::uniform_open(b[2], b[3])};
    }
    for (std::uint32_t i = 0; i < amount_; ++i) pairs_[i].exponential = -random::log(pairs_[i].exponential);
    made_ += amount_;
    filled_ = amount_;
    place_ = 0;
    amount_ = amount_ < kMost ? 2 * amount_ : kMost;
  }

  static constexpr std::uint32_t kMost = 64;
  random::Key key_;
  std::uint64_t record_ = 0, made_ = 0;
  std::uint32_t place_ = 0, filled_ = 0, amount_ = 4;
  std::array<Pair, kMost> pairs_{};
};

}  // namespace stochos::reactions
