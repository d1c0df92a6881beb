// Keys and simple draws over Philox: a stream is (seed, purpose), a draw is its counter. Stream version 1.
#pragma once
#include <cstdint>

#include "random/philox.hpp"

namespace stochos::random {

inline constexpr int kStreamVersion = 1;

// What a stream is for; the numbers are part of the stream version and never change meaning.
enum class Purpose : std::uint64_t {
  subsample = 1,
  start_vectors = 2,
  negatives = 3,
  subspace = 4,
  trajectory = 5,
  tensor = 6,
  tensor_start = 7,
  tensor_shuffle = 8
};

// splitmix64's finaliser (S. Vigna, public domain): spreads (seed, purpose) over the 64-bit key.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

constexpr Key stream_key(std::uint64_t seed, Purpose purpose) noexcept {
  const std::uint64_t k =
      mix(mix(seed + 0x9E3779B97F4A7C15ULL) ^ (static_cast<std::uint64_t>(purpose) * 0xD1342543DE82EF95ULL));
  return {static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(k >> 32)};
}

// Counter from two 64-bit numbers: which record or trajectory, and which draw of it.
constexpr Block draw(Key key, std::uint64_t record, std::uint64_t index) noexcept {
  return philox({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                 static_cast<std::uint32_t>(record), static_cast<std::uint32_t>(record >> 32)},
                key);
}

// [0, 1) with 32 bits.
constexpr float uniform_float(std::uint32_t bits) noexcept {
  return static_cast<float>(bits >> 8) * 0x1p-24F;
}
// (0, 1) with 52 bits of two words, in the middle of its cell: exact, and never 0 or 1.
constexpr double uniform_open(std::uint32_t high, std::uint32_t low) noexcept {
  const std::uint64_t bits = (std::uint64_t{high} << 32 | low) >> 12;
  return (static_cast<double>(bits) + 0.5) * 0x1p-52;
}
// 0..n-1 by multiply-high (bias below n / 2^32).
constexpr std::uint32_t below(std::uint32_t bits, std::uint32_t n) noexcept {
  return static_cast<std::uint32_t>((std::uint64_t{bits} * n) >> 32);
}

}  // namespace stochos::random
