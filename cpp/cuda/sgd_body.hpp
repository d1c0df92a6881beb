// SGD over the records of one row: the same records, zeros, gradients and steps as kernels/sgd.inl, by a
// group of threads that share the coordinates. On the processor a group is one thread and nobody else writes,
// which makes it the serial fit, up to the order of sums. On the device, groups of one block write at once: a
// step is added to a vector as it is by then (Hogwild: F. Niu et al., NIPS 2011).
//
// A group has lane(), size(), sum(float), ballot(bool), bits_before(mask), bits(mask), sync(), load(place) of
// a number that others may change, and push(place, from, delta), which makes one that was `from` greater by
// `delta`.
#pragma once
#include <cmath>
#include <cstdint>

#include "cuda/qualifiers.hpp"
#include "cuda/sgd_types.hpp"
#include "random/stream.hpp"

namespace stochos::cuda {

// Whether a pair was seen, or is a word with itself.
STOCHOS_DEVICE inline bool sgd_seen(const SgdData& d, std::uint32_t row, std::uint32_t other) {
  if (row == other) return true;
  std::int64_t low = d.row_start[row], high = d.row_start[row + 1];
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (d.column[middle] < other) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < d.row_start[row + 1] && d.column[low] == other;
}

STOCHOS_DEVICE inline std::uint64_t sgd_next(std::uint64_t state) {
  return state * 6364136223846793005ULL + 1442695040888963407ULL;  // Knuth's MMIX generator, seeded by Philox
}

// The zeros of one record: a function of (seed, epoch, record) alone, and those of the processor. Places of
// the column stripe; gives their number.
template <class Group>
STOCHOS_DEVICE inline std::uint32_t sgd_zeros(const SgdData& d, const SgdSettings& s,
                                              const SgdSegment& segment, std::uint64_t record,
                                              const Group& group, std::uint32_t* places) {
  const random::Block block = random::draw({s.key[0], s.key[1]}, record, s.epoch);
  std::uint64_t state = std::uint64_t{block[1]} << 32 | block[0];
  const std::uint32_t tries = 6 * s.negatives;
  std::uint32_t found = 0;
  for (std::uint32_t base = 0; base < tries && found < s.negatives; base += group.size()) {
    std::uint64_t own = state;
    for (std::uint32_t k = 0; k < group.size(); ++k) {
      if (k == group.lane()) own = state;
      state = sgd_next(state);
    }
    const auto j = static_cast<std::uint32_t>(((own >> 32) * segment.column_words) >> 32);
    const bool fits =
        base + group.lane() < tries && !sgd_seen(d, segment.row_word, j * d.stripes + segment.column_stripe);
    const std::uint32_t mask = group.ballot(fits);
    const std::uint32_t at = found + group.bits_before(mask);
    if (fits && at < s.negatives) places[at] = segment.column_start + j;
    found += group.bits(mask);
  }
  return found < s.negatives ? found : s.negatives;
}

// A row that is being worked on. `x` and `gradient` have room for the dimension; each thread of the group
// looks at its own coordinates alone.
struct SgdRow {
  float *x, *gradient;
  float norm = 0, square = 0, first_square = 0;  // |x|^2, and the row's accumulator now and at first
  std::uint32_t at = 0;                          // records done
  SgdLoss loss{};                                // this thread's part
};

template <class Group>
STOCHOS_DEVICE inline void sgd_open(const SgdData& d, const SgdSegment& segment, const Group& group,
                                    SgdRow& row) {
  const float* const from = d.vectors + std::size_t{segment.row} * d.dimension;
  float own = 0;
  for (std::uint32_t i = group.lane(); i < d.dimension; i += group.size()) {
    row.x[i] = group.load(from + i);
    own += row.x[i] * row.x[i];
  }
  row.norm = group.sum(own);
  row.square = row.first_square = group.load(d.squares + segment.row);
  row.at = 0;
}

// Whether place k of a batch whose records begin at `starts` is the pair that was seen; gives its record.
STOCHOS_DEVICE inline const kernels::SgdRecord* sgd_record(const kernels::SgdRecord* records,
                                                           std::uint32_t count, const std::uint32_t* starts,
                                                           std::uint32_t k) {
  for (std::uint32_t r = 0; r < count; ++r)
    if (starts[r] == k) return records + r;
  return nullptr;
}

// The next records of the row, with their zeros.
template <class Group>
STOCHOS_DEVICE inline void sgd_batch(const SgdData& d, const SgdSettings& s, const SgdSegment& segment,
                                     const Group& group, SgdScratch& scratch, SgdRow& row) {
  const std::uint32_t lane = group.lane(), size = group.size();
  const float share = 1.0F / static_cast<float>(d.dimension), hinge = s.zero_target - d.bias[segment.row];
  const std::uint32_t rest = segment.count - row.at, records = rest < kSgdBatch ? rest : kSgdBatch;
  const std::uint64_t number = segment.first_record + row.at;
  std::uint32_t count = 0, starts[kSgdBatch] = {};
  for (std::uint32_t r = 0; r < records; ++r) {
    starts[r] = count;
    if (lane == 0) scratch.place[count] = segment.column_start + d.records[number + r].column;
    ++count;
    count += sgd_zeros(d, s, segment, number + r, group, scratch.place + count);
  }
  group.sync();
  for (std::uint32_t k = 0; k < count; ++k) {
    const std::uint32_t place = scratch.place[k];
    const float* const v = d.vectors + std::size_t{place} * d.dimension;
    float part = 0;
    for (std::uint32_t i = lane; i < d.dimension; i += size) part += row.x[i] * group.load(v + i);
    const float dot = group.sum(part);
    if (k % size != lane) continue;
    float slope = 0;
    if (const kernels::SgdRecord* const record = sgd_record(d.records + number, records, starts, k)) {
      const float error = dot - record->target;
      slope = record->weight * error;
      row.loss.observed += static_cast<double>(slope) * static_cast<double>(error);
    } else {
      const float z = fmaxf(fminf(dot - (hinge - d.bias[place]), 30.0F), -30.0F);
      const float e = expf(z);
      slope = s.zero_weight * (e / (e + 1.0F));
      row.loss.zeros += static_cast<double>(s.zero_weight) * log1p(static_cast<double>(e));
    }
    const float before = group.load(d.squares + place), square = slope * slope * (row.norm * share);
    scratch.slope[k] = slope;
    scratch.before[k] = before;
    scratch.square[k] = square;
    scratch.step[k] = s.rate * slope / sqrtf(before + square);
  }
  group.sync();
  for (std::uint32_t k = lane; k < count; k += size)
    group.push(d.squares + scratch.place[k], scratch.before[k], scratch.square[k]);
  for (std::uint32_t i = lane; i < d.dimension; i += size) row.gradient[i] = 0;
  for (std::uint32_t k = 0; k < count; ++k) {
    float* const v = d.vectors + std::size_t{scratch.place[k]} * d.dimension;
    const float slope = scratch.slope[k], step = scratch.step[k];
    for (std::uint32_t i = lane; i < d.dimension; i += size) {
      const float old = group.load(v + i);
      row.gradient[i] += slope * old;
      group.push(v + i, old, -step * row.x[i]);
    }
  }
  float length = 0;
  for (std::uint32_t i = lane; i < d.dimension; i += size) length += row.gradient[i] * row.gradient[i];
  row.square += group.sum(length) * share;
  const float back = -s.rate / sqrtf(row.square);
  float* const home = d.vectors + std::size_t{segment.row} * d.dimension;
  float own = 0;
  for (std::uint32_t i = lane; i < d.dimension; i += size) {
    const float delta = back * row.gradient[i];
    group.push(home + i, row.x[i], delta);
    row.x[i] += delta;
    own += row.x[i] * row.x[i];
  }
  row.norm = group.sum(own);
  row.at += records;
  if (lane == 0) row.loss.pairs += count;
  group.sync();  // the scratch is free again
}

template <class Group>
STOCHOS_DEVICE inline void sgd_close(const SgdData& d, const SgdSegment& segment, const Group& group,
                                     const SgdRow& row) {
  if (group.lane() == 0) group.push(d.squares + segment.row, row.first_square, row.square - row.first_square);
}

template <class Group>
STOCHOS_DEVICE inline void sgd_segment(const SgdData& d, const SgdSettings& s, const SgdSegment& segment,
                                       const Group& group, SgdScratch& scratch, SgdRow& row) {
  sgd_open(d, segment, group, row);
  while (row.at < segment.count) sgd_batch(d, s, segment, group, scratch, row);
  sgd_close(d, segment, group, row);
}

}  // namespace stochos::cuda
