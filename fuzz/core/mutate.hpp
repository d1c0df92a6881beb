// Changes of inputs, as fuzz/mutate.py makes them: a function of the generator alone.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fuzz {

// splitmix64 (S. Vigna, public domain).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() noexcept;
  std::size_t below(std::size_t n) noexcept { return n == 0 ? 0 : static_cast<std::size_t>(next() % n); }
  bool once_in(std::size_t n) noexcept { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

using Words = std::vector<std::string>;

// `seed` after one to eight changes; `other` lends pieces, `tokens` are words of the format.
std::string mutated(std::string seed, const std::string& other, const Words& tokens, Dice& dice);

}  // namespace fuzz
