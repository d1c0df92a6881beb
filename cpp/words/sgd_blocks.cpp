#include "words/sgd_blocks.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/pool.hpp"
#include "random/stream.hpp"

namespace stochos::words {

Stripes::Stripes(std::size_t word_count) : words(static_cast<std::uint32_t>(word_count)) {
  // 64 stripes of 100-dimensional vectors fit a core's cache in pairs up to some 40,000 words; for large
  // vocabularies the bound of 4,096 words keeps a block's table of seen pairs at 2 MB. Small ones have few
  // stripes, since zeros are drawn from the stripe of the observed word. Even, for the tournament.
  constexpr std::size_t kUsual = 64, kFewestWords = 32, kMostWords = 4096;
  const std::size_t small = std::clamp<std::size_t>(word_count / kFewestWords, 2, kUsual);
  count = static_cast<std::uint32_t>(std::max(small, (word_count + kMostWords - 1) / kMostWords + 1) &
                                     ~std::size_t{1});
}

std::size_t Stripes::start(std::uint32_t stripe) const {
  const std::size_t full = words / count, longer = words % count;
  return stripe * full + std::min<std::size_t>(stripe, longer);
}

namespace {

// Rows are cut into chunks of about equal numbers of pairs: fixed, so that the order of records is too.
std::vector<std::size_t> row_chunks(std::span<const std::int64_t> row_start) {
  constexpr std::size_t kChunks = 32;
  const std::size_t rows = row_start.size() - 1;
  std::vector<std::size_t> cuts{0};
  for (std::size_t c = 1; c < kChunks; ++c) {
    const std::int64_t goal =
        row_start.back() * static_cast<std::int64_t>(c) / static_cast<std::int64_t>(kChunks);
    const auto at = std::lower_bound(row_start.begin(), row_start.end(), goal) - row_start.begin();
    cuts.push_back(std::clamp(static_cast<std::size_t>(at), cuts.back(), rows));
  }
  cuts.push_back(rows);
  return cuts;
}

// Is `row` the row of the pair's record? True for exactly one of (a, b) and (b, a).
bool is_row(std::uint32_t row, std::uint32_t other) {
  const std::uint64_t low = std::min(row, other), high = std::max(row, other);
  return ((random::mix(low << 32 | high) & 1) == 0) == (row < other);
}

}  // namespace

PairBlocks make_blocks(const PairData& data, const Stripes& stripes, const Weighting& weighting,
                       unsigned threads, Control& control) {
  const PairMatrix& pairs = data.pairs;
  const std::vector<std::size_t> cuts = row_chunks(pairs.row_start);
  const std::size_t chunks = cuts.size() - 1, stripe_count = stripes.count,
                    blocks = stripe_count * stripe_count;
  std::vector<std::size_t> record_at(chunks * blocks, 0), segment_at(chunks * blocks, 0);

  // visit(block, row, place in the matrix, whether the row is new in this block)
  const auto walk = [&](std::size_t chunk, auto&& visit) {
    std::vector<std::uint8_t> met(stripe_count);
    for (std::size_t i = cuts[chunk]; i < cuts[chunk + 1] && !control.stopped(); ++i) {
      std::fill(met.begin(), met.end(), std::uint8_t{0});
      const auto row = static_cast<std::uint32_t>(i);
      const std::size_t block_row = std::size_t{stripes.of(row)} * stripe_count;
      for (auto k = static_cast<std::size_t>(pairs.row_start[i]);
           k < static_cast<std::size_t>(pairs.row_start[i + 1]); ++k) {
        const std::uint32_t other = pairs.column[k];
        if (other == row || !is_row(row, other)) continue;
        const std::uint32_t stripe = stripes.of(other);
        visit(block_row + stripe, row, k, met[stripe] == 0);
        met[stripe] = 1;
      }
    }
  };

  parallel_run(
      chunks, threads,
      [&](std::size_t chunk, unsigned) {
        std::size_t *records = &record_at[chunk * blocks], *segments = &segment_at[chunk * blocks];
        walk(chunk, [&](std::size_t block, std::uint32_t, std::size_t, bool fresh) {
          ++records[block];
          segments[block] += fresh;
        });
      },
      control);

  PairBlocks made;
  made.record_start.resize(blocks + 1);
  made.segment_start.resize(blocks + 1);
  std::size_t records = 0, segments = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    made.record_start[b] = records;
    made.segment_start[b] = segments;
    for (std::size_t c = 0; c < chunks; ++c) {
      records += std::exchange(record_at[c * blocks + b], records);
      segments += std::exchange(segment_at[c * blocks + b], segments);
    }
  }
  made.record_start[blocks] = records;
  made.segment_start[blocks] = segments;
  made.records.resize(records);
  made.segments.resize(segments);

  parallel_run(
      chunks, threads,
      [&](std::size_t chunk, unsigned) {
        std::size_t *record_next = &record_at[chunk * blocks], *segment_next = &segment_at[chunk * blocks];
        walk(chunk, [&](std::size_t block, std::uint32_t row, std::size_t k, bool fresh) {
          const std::uint32_t other = pairs.column[k];
          const double x = static_cast<double>(pairs.value[k]);
          const double grown = weighting.power == 0.5 ? std::sqrt(x) : std::pow(x, weighting.power);
          const double weight = std::min(weighting.cap, weighting.base + weighting.scale * grown);
          made.records[record_next[block]++] = {stripes.place(other), data.pmi(row, other, pairs.value[k]),
                                                static_cast<float>(weight)};
          if (fresh) made.segments[segment_next[block]++] = {stripes.place(row), 0};
          ++made.segments[segment_next[block] - 1].count;
        });
      },
      control);
  return made;
}

}  // namespace stochos::words
