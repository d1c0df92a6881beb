// The exact sum of upper triangles over different vocabularies.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "words/pairs.hpp"
#include "words/symmetric.hpp"

namespace stochos::words {

inline constexpr std::uint32_t kDropped = 0xFFFFFFFFU;

// One summand: word a of its rows is word map[a] of the result, or is left out when that is kDropped. No two
// words may become the same.
struct Mapped {
  UpperView upper;
  std::span<const std::uint32_t> map;
};

// Sums in a vocabulary of `words` words. Linear in entries and words (two stable counting sorts).
// Throws Error(value) when a map is wrong or a sum passes 2^64.
UpperTriangle merge_upper(std::span<const Mapped> parts, std::size_t words, Control& control);

}  // namespace stochos::words
