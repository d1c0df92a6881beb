// Plain data of a fit by SGD, a group of threads for each row of a block.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/sgd_types.hpp"

namespace stochos::cuda {

// The records of one row in one block, one after the other. Places count words in stripe order: word i of V
// stands in stripe i % count at place i / count.
struct SgdSegment {
  std::uint32_t row = 0, row_word = 0;               // place in stripe order, and its word
  std::uint32_t column_start = 0, column_words = 0;  // the column stripe: its first place, and its size
  std::uint32_t column_stripe = 0, count = 0;        // its number; records
  std::uint64_t first_record = 0;                    // in the whole set: the counter of the draws
};

struct SgdData {
  const SgdSegment* segments = nullptr;
  const kernels::SgdRecord* records = nullptr;
  const std::int64_t* row_start = nullptr;  // pairs that were seen, by words
  const std::uint32_t* column = nullptr;
  float* vectors = nullptr;     // (V, dimension) in stripe order
  float* squares = nullptr;     // (V,): Adagrad's running mean squares of the gradients
  const float* bias = nullptr;  // (V,): log P
  std::uint32_t dimension = 0, stripes = 0;
};

struct SgdSettings {
  float rate = 0, zero_weight = 0, zero_target = 0;  // as in kernels::SgdSettings
  std::uint32_t negatives = 0;
  std::uint32_t key[2] = {};
  std::uint32_t epoch = 0;
};

// Sums over what was done.
struct SgdLoss {
  double observed = 0, zeros = 0;
  std::uint64_t pairs = 0;
};

inline constexpr std::uint32_t kSgdBatch =
    2;  // records of a row that are worked on at once, as on the processor
inline constexpr std::uint32_t kSgdRoom = kSgdBatch * (kernels::kMaxNegatives + 1);

// A group's own numbers: shared memory on the device.
struct SgdScratch {
  std::uint32_t place[kSgdRoom];
  float slope[kSgdRoom], step[kSgdRoom], before[kSgdRoom], square[kSgdRoom];
};

}  // namespace stochos::cuda
