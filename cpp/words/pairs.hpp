// Co-occurrence counts of a stream of word ids: exact, symmetric, upper triangle only.
//
// The stream holds word ids below 2^31, kLineEnd where windows stop, and kHole where a dropped word keeps its
// place. Rows are words: the positions of every word are collected by a counting sort, each occurrence takes
// those neighbours whose id is greater (an equal id only on its right), so that each pair of positions is met
// once, and a dense row of sums takes them. No hash table, no merge, no order effects: the result does not
// depend on threads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/control.hpp"
#include "base/memory.hpp"

namespace stochos::words {

inline constexpr std::uint32_t kLineEnd = 0xFFFFFFFFU;
inline constexpr std::uint32_t kHole = 0xFFFFFFFEU;

// Compressed rows; columns ascend in a row and are never below it; every value is positive.
struct UpperTriangle {
  std::vector<std::int64_t> row_start;  // V + 1
  UnsetVector<std::uint32_t> column;
  UnsetVector<std::uint64_t> value;
};

// Adds weights[d - 1] to U[min(a,b), max(a,b)] for every unordered pair of positions of one line at distance
// d <= weights.size() that hold the words a and b; a pair of equal words adds once to U[a,a], or nothing with
// diagonal == false. `frequencies_in_ids[a]` is the number of times that `ids` holds a. Positions take 4
// bytes a token (8 beyond 2^32 tokens) and go to a temporary file in `folder` when they outgrow
// `memory_limit`. Throws Error(value) when ids and frequencies disagree, when V > 2^31 or when a sum could
// pass 2^64.
UpperTriangle count_pairs(std::span<const std::uint32_t> ids,
                          std::span<const std::uint64_t> frequencies_in_ids,
                          std::span<const std::uint64_t> weights, bool diagonal, unsigned threads,
                          std::size_t memory_limit, const std::string& folder, Control& control);

// The same with 8-byte positions whatever the length; count_pairs chooses by ids.size().
UpperTriangle count_pairs_wide(std::span<const std::uint32_t> ids,
                               std::span<const std::uint64_t> frequencies_in_ids,
                               std::span<const std::uint64_t> weights, bool diagonal, unsigned threads,
                               std::size_t memory_limit, const std::string& folder, Control& control);

}  // namespace stochos::words
