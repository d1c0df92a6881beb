// Plain data passed to the SGD kernel; see words/sgd.cpp for what it means.
#pragma once
#include <cstddef>
#include <cstdint>

namespace stochos::kernels {

struct SgdRecord {
  std::uint32_t column;  // place of the column word within its stripe
  float target;          // PMI of the pair
  float weight;
};

struct SgdSegment {
  std::uint32_t row;    // place of the row word within its stripe
  std::uint32_t count;  // records of this row, one after the other
};

// One direction of one block: rows from one stripe, columns and sampled zeros from another (or the same).
struct SgdBlock {
  const SgdSegment* segments;
  std::size_t segment_count;
  const SgdRecord* records;
  std::uint64_t first_record;           // number of records[0] in the whole set: the counter of its draws
  const std::uint64_t* observed;        // bit (row, column): the pair was seen, or is a word with itself
  std::size_t observed_words_per_row;   // 64-bit words
  float *rows, *columns;                // vectors of the two stripes
  float *row_squares, *column_squares;  // Adagrad's running mean squares of the gradients
  const float *row_bias, *column_bias;  // log P of the words
  std::uint32_t column_words;           // words in the column stripe
};

struct SgdSettings {
  std::size_t stride;  // floats from vector to vector; a multiple of 16, zero beyond the dimension
  float inverse_dimension;
  float rate;
  float zero_weight;  // of each sampled zero
  float zero_target;  // log of the PMI's numerator for one co-occurrence; the hinge is zero_target - bias -
                      // bias
  std::uint32_t negatives;
  std::uint32_t key[2];
  std::uint32_t epoch;
};

struct SgdLoss {
  double observed;  // sum of weight * error^2
  double zeros;     // sum of zero_weight * softplus
  std::uint64_t pairs;
};

inline constexpr std::uint32_t kMaxNegatives = 31;

}  // namespace stochos::kernels
