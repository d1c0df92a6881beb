// Draws of a trajectory for methods that take one block of four words an event.
#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/table.hpp"
#include "random/stream.hpp"

namespace stochos::reactions {

// Block b of a trajectory gives the pair number b: an exponential and a uniform. They are made many at a
// time.
class Draws {
 public:
  explicit Draws(random::Key key) : key_(key), make_(kernels::table().event_draws) {}
  void begin(std::uint64_t record) noexcept {
    record_ = record;
    made_ = 0;
    place_ = 0;
    filled_ = 0;
    amount_ = kLeast;  // a short trajectory pays for few
  }
  struct Pair {
    double exponential, uniform;
  };
  Pair next() noexcept {
    if (place_ == filled_) fill();
    const Pair pair{exponential_[place_], uniform_[place_]};
    ++place_;
    return pair;
  }

 private:
  void fill() noexcept {
    make_(key_[0], key_[1], record_, made_, amount_, exponential_, uniform_);
    made_ += amount_;
    filled_ = amount_;
    place_ = 0;
    amount_ = std::min(2 * amount_, kMost);
  }

  static constexpr std::uint32_t kLeast = 8, kMost = 128;
  random::Key key_;
  decltype(kernels::Table::event_draws) make_;
  std::uint64_t record_ = 0, made_ = 0;
  std::uint32_t place_ = 0, filled_ = 0, amount_ = kLeast;
  alignas(64) double exponential_[kMost] = {};
  alignas(64) double uniform_[kMost] = {};
};

}  // namespace stochos::reactions
