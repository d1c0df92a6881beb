// Observed pairs sorted into blocks of word stripes, so that blocks without a common stripe can be fitted at
// once.
#pragma once
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "base/control.hpp"
#include "kernels/sgd_types.hpp"
#include "words/pair_matrix.hpp"

namespace stochos::words {

// Words in stripes: word i is in stripe i % count at place i / count. Words are ordered by frequency, so
// every stripe has its share of frequent ones. The number of stripes depends on the vocabulary alone, never
// on threads.
struct Stripes {
  explicit Stripes(std::size_t word_count);
  std::uint32_t of(std::uint32_t word) const { return word % count; }
  std::uint32_t place(std::uint32_t word) const { return word / count; }
  std::uint32_t size(std::uint32_t stripe) const { return (words - stripe + count - 1) / count; }
  std::size_t start(
      std::uint32_t stripe) const;  // first row of the stripe when stripes lie one after the other

  std::uint32_t words, count;
};

// weight(x) = min(cap, base + scale * x^power), x the weighted number of co-occurrences.
struct Weighting {
  double base, scale, power, cap;
};

struct PairBlocks {
  // Blocks are directed: block (a, b) = a * stripes + b holds records whose row is in stripe a and column in
  // b.
  std::vector<std::size_t> record_start, segment_start;  // stripes^2 + 1
  UnsetVector<kernels::SgdRecord> records;
  UnsetVector<kernels::SgdSegment> segments;
};

// What the counts say: the pairs, log of the sum of X, and log P of each word.
struct PairData {
  const PairMatrix& pairs;
  double log_total;
  std::span<const float> log_probability;
  std::size_t words() const { return log_probability.size(); }
  float pmi(std::size_t row, std::uint32_t other, float count) const {
    return static_cast<float>(std::log(static_cast<double>(count)) - log_total) - log_probability[row] -
           log_probability[other];
  }
};

// Each pair becomes one record (the diagonal none); a hash of the two words decides which of them is its row,
// and so draws the zeros: every word gets its share of zeros, the rare ones too.
PairBlocks make_blocks(const PairData& data, const Stripes& stripes, const Weighting& weighting,
                       unsigned threads, Control& control);

}  // namespace stochos::words
