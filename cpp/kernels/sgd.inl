// One pass of SGD over a block, two records of a row at a time: draw zeros, all inner products, then a sweep that updates
// every column vector and gathers the row's gradient, then the row's own update. Working on two records at once halves
// the chain of dependent operations through the row.

// Pairs worked on at once outside the vectors themselves.
inline constexpr std::uint32_t kGroup = kLanes < 8 ? 8 : kLanes;

// e^x for |x| <= 80 to 3e-7 relative: 2^n times a polynomial of the fraction (Taylor terms of 2^f on [-1/2, 1/2]).
static inline Vec exp_bounded(Vec x) {
  const Vec magic = splat(12582912.0F);  // 1.5 * 2^23: adding it rounds to a whole number in the low bits
  const Vec t = mul(x, splat(1.44269504F));
  const Vec shifted = add(t, magic);
  const Vec f = sub(t, sub(shifted, magic));
  Vec p = splat(1.5403530e-4F);
  p = fma(p, f, splat(1.3333558e-3F));
  p = fma(p, f, splat(9.6181291e-3F));
  p = fma(p, f, splat(5.5504109e-2F));
  p = fma(p, f, splat(2.4022651e-1F));
  p = fma(p, f, splat(6.9314718e-1F));
  p = fma(p, f, splat(1.0F));
  return mul(p, power_of_two(shifted));
}

static inline void philox_words(std::uint64_t record, std::uint32_t epoch, const std::uint32_t* key, std::uint64_t* out) {
  std::uint32_t c0 = epoch, c1 = 0, c2 = static_cast<std::uint32_t>(record), c3 = static_cast<std::uint32_t>(record >> 32);
  std::uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c0, p1 = std::uint64_t{0xCD9E8D57U} * c2;
    const std::uint32_t n0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0, n2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<std::uint32_t>(p1);
    c3 = static_cast<std::uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  *out = std::uint64_t{c1} << 32 | c0;
}

// Columns of zeros for one record: uniform over the column stripe, pairs that were seen rejected. A full row stops
// after a bounded number of tries. The draws are a function of (seed, epoch, record) alone.
static inline std::uint32_t draw_zeros(const SgdBlock& block, const SgdSettings& s, const std::uint64_t* seen, std::uint64_t record,
                                       std::uint32_t* columns) {
  std::uint64_t state;
  philox_words(record, s.epoch, s.key, &state);
  std::uint32_t found = 0;
  for (std::uint32_t tries = 6 * s.negatives; tries > 0 && found < s.negatives; --tries) {
    const std::uint32_t j = static_cast<std::uint32_t>(((state >> 32) * block.column_words) >> 32);
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;  // Knuth's MMIX generator, seeded by Philox
    columns[found] = j;
    found += 1U - static_cast<std::uint32_t>((seen[j >> 6] >> (j & 63)) & 1U);
  }
  return found;
}

// Asks for a vector that will be written soon.
static inline void fetch(const float* vector, std::size_t stride) {
  const char* p = reinterpret_cast<const char*>(vector);
  for (std::size_t line = 0; line < stride * 4; line += 64) __builtin_prefetch(p + line, 1, 3);
}

// Inner products of x with `count` vectors; the array of pointers is readable up to a multiple of 3.
static inline void dots_of_any(const float* x, float* const* vectors, std::uint32_t count, std::size_t stride, float* out) {
  for (std::uint32_t k = 0; k < count; k += 3) {
    const float *a = vectors[k], *b = vectors[k + 1], *c = vectors[k + 2];
    Vec sa = zero(), sb = zero(), sc = zero();
    for (std::size_t i = 0; i < stride; i += kLanes) {
      const Vec here = load(x + i);
      sa = fma(here, load(a + i), sa);
      sb = fma(here, load(b + i), sb);
      sc = fma(here, load(c + i), sc);
    }
    out[k] = sum(sa);
    out[k + 1] = sum(sb);
    out[k + 2] = sum(sc);
  }
}

// The usual number, six, in one sweep: twelve running sums keep the multiply-adds busy.
static inline void dots_of_6(const float* x, float* const* v, std::size_t stride, float* out) {
  const float *a = v[0], *b = v[1], *c = v[2], *d = v[3], *e = v[4], *f = v[5];
  Vec sa = zero(), sb = zero(), sc = zero(), sd = zero(), se = zero(), sf = zero();
  Vec ta = zero(), tb = zero(), tc = zero(), td = zero(), te = zero(), tf = zero();
  for (std::size_t i = 0; i < stride; i += 16) {  // the stride is a multiple of 16, whatever the lanes
    for (std::size_t j = i; j < i + 16; j += 2 * kLanes) {
      const Vec here = load(x + j);
      sa = fma(here, load(a + j), sa);
      sb = fma(here, load(b + j), sb);
      sc = fma(here, load(c + j), sc);
      sd = fma(here, load(d + j), sd);
      se = fma(here, load(e + j), se);
      sf = fma(here, load(f + j), sf);
      if (kLanes == 16) break;
      const std::size_t n = j + kLanes;
      const Vec there = load(x + n);
      ta = fma(there, load(a + n), ta);
      tb = fma(there, load(b + n), tb);
      tc = fma(there, load(c + n), tc);
      td = fma(there, load(d + n), td);
      te = fma(there, load(e + n), te);
      tf = fma(there, load(f + n), tf);
    }
  }
  sum_of_6(add(sa, ta), add(sb, tb), add(sc, tc), add(sd, td), add(se, te), add(sf, tf), out);
}

// Moves kCount column vectors by -step * x and adds sum slope * vector (of the old vectors) to `gradient`, which is set
// anew for the first record of a batch; returns the gradient's squared length. Everything but the vectors is copied
// first: a store to a vector might otherwise change it, as far as the compiler can tell.
template <std::uint32_t kCount>
static inline float sweep(bool first, const float* x, float* const* vectors, const float* slope, const float* step, std::size_t stride,
                          float* gradient) {
  float* v[kCount];
  Vec pull[kCount], push[kCount];
  for (std::uint32_t k = 0; k < kCount; ++k) {
    v[k] = vectors[k];
    pull[k] = splat(slope[k]);
    push[k] = splat(-step[k]);
  }
  Vec length = zero();
  for (std::size_t i = 0; i < stride; i += kLanes) {
    const Vec old = load(x + i);
    Vec here = first ? zero() : load(gradient + i);
    for (std::uint32_t k = 0; k < kCount; ++k) {
      const Vec w = load(v[k] + i);
      here = fma(pull[k], w, here);
      store(v[k] + i, fma(push[k], old, w));
    }
    length = fma(here, here, length);
    store(gradient + i, here);
  }
  return sum(length);
}

// Any number of vectors, in sweeps of at most three: more would not stay in registers at every level.
static inline float sweep_any(bool first, std::uint32_t count, const float* x, float* const* vectors, const float* slope,
                              const float* step, std::size_t stride, float* gradient) {
  float length = 0.0F;
  for (std::uint32_t k = 0; k < count; first = false) {
    if (count - k >= 3) {
      length = sweep<3>(first, x, vectors + k, slope + k, step + k, stride, gradient);
      k += 3;
    } else {
      length = sweep<1>(first, x, vectors + k, slope + k, step + k, stride, gradient);
      k += 1;
    }
  }
  return length;
}

// What is worked on at once: a few records of one row, each an observed pair and its zeros. All arrays hold whole groups;
// places without a pair have a bound so high that their slope is nothing.
inline constexpr std::uint32_t kBatch = 2;
inline constexpr std::uint32_t kRecordRoom = kMaxNegatives + 4;  // pointers are padded to a multiple of 3
inline constexpr std::uint32_t kRoom = (kBatch * kRecordRoom + kGroup) / kGroup * kGroup;
inline constexpr float kNoZero = 1e30F;

struct SgdBatch {
  std::uint32_t place[kRoom];
  float* vectors[kRoom];
  float value[kRoom], bound[kRoom], slope[kRoom], step[kRoom], squares[kRoom];
};

// slope[k] = dloss/d<x, v_k> of the zeros.
static inline void zero_slopes(const SgdSettings& s, std::uint32_t count, SgdBatch& batch, double* products) {
  float growth[kGroup];
  for (std::uint32_t from = 0; from < count; from += kGroup) {
    for (std::uint32_t k = 0; k < kGroup; k += kLanes) {
      const Vec z = most(least(sub(load(batch.value + from + k), load(batch.bound + from + k)), splat(30.0F)), splat(-30.0F));
      const Vec e = exp_bounded(z);
      const Vec more = add(e, splat(1.0F));
      store(growth + k, more);
      store(batch.slope + from + k, mul(splat(s.zero_weight), div(e, more)));
    }
    for (std::uint32_t k = 0; k < kGroup; ++k) products[k] *= static_cast<double>(growth[k]);
  }
}

// step[k] = rate * slope / sqrt(new mean square of v_k's gradients).
static inline void steps(const SgdSettings& s, std::uint32_t count, float row_square, SgdBatch& batch) {
  for (std::uint32_t k = 0; k < count; k += kLanes) {
    const Vec g = load(batch.slope + k);
    const Vec mean = fma(mul(g, g), splat(row_square), load(batch.squares + k));
    store(batch.squares + k, mean);
    store(batch.step + k, div(mul(splat(s.rate), g), root(mean)));
  }
}

// Adds the logarithms of the running products to *total when they have grown, or when asked to. A NaN passes through.
static inline void take_logarithms(double* products, bool always, double* total) {
  for (std::uint32_t k = 0; k < kGroup; ++k) {
    if (!always && products[k] < 1e100) continue;
    *total += __builtin_log(products[k]);
    products[k] = 1.0;
  }
}

static SgdLoss sgd_block(const SgdBlock& block, const SgdSettings& s, float* scratch) {
  SgdLoss loss = {0.0, 0.0, 0};
  const std::size_t stride = s.stride;
  SgdBatch batches[2];  // the next one's zeros are drawn, and their vectors fetched, while one is worked on
  std::uint32_t counts[2][kBatch];
  double products[kGroup];  // of 1 + e^z over zeros: one logarithm serves many terms
  for (std::uint32_t k = 0; k < kGroup; ++k) products[k] = 1.0;
  for (std::uint32_t k = 0; k < kRoom; ++k) batches[0].value[k] = batches[1].value[k] = 0.0F;
  const SgdRecord* record = block.records;
  std::uint64_t number = block.first_record;
  std::uint32_t worked = 0;
  for (std::size_t g = 0; g < block.segment_count; ++g) {
    const SgdSegment segment = block.segments[g];
    float* const x = block.rows + segment.row * stride;
    const std::uint64_t* const seen = block.observed + segment.row * block.observed_words_per_row;
    const float row_hinge = s.zero_target - block.row_bias[segment.row];
    // Kept here over the segment: no column of the segment is the row's own word, even in a diagonal block.
    float row_squares = block.row_squares[segment.row];
    Vec total = zero();
    for (std::size_t i = 0; i < stride; i += kLanes) total = fma(load(x + i), load(x + i), total);
    float norm = sum(total);
    const auto prepare = [&](std::uint32_t first, SgdBatch& batch, std::uint32_t* count) {
      const std::uint32_t rest = segment.count - first, records = rest < kBatch ? rest : kBatch;
      std::uint32_t* place = batch.place;
      for (std::uint32_t r = 0; r < records; ++r) {
        place[0] = record[first + r].column;
        count[r] = 1 + draw_zeros(block, s, seen, number + first + r, place + 1);
        for (std::uint32_t k = 0; k < count[r]; ++k) fetch(block.columns + place[k] * stride, stride);
        place += count[r];
      }
    };
    prepare(0, batches[0], counts[0]);
    if (g + 1 < block.segment_count) {
      fetch(block.rows + block.segments[g + 1].row * stride, stride);
      __builtin_prefetch(block.observed + block.segments[g + 1].row * block.observed_words_per_row);
    }
    std::uint32_t turn = 0;
    for (std::uint32_t first = 0; first < segment.count; first += kBatch, turn ^= 1U) {
      SgdBatch& batch = batches[turn];
      const std::uint32_t* const count = counts[turn];
      const std::uint32_t rest = segment.count - first, records = rest < kBatch ? rest : kBatch;
      std::uint32_t all = 0;
      for (std::uint32_t r = 0; r < records; ++r) all += count[r];
      for (std::uint32_t k = 0; k < all; ++k) {
        const std::uint32_t j = batch.place[k];
        batch.vectors[k] = block.columns + j * stride;
        batch.bound[k] = row_hinge - block.column_bias[j];
        batch.squares[k] = block.column_squares[j];
      }
      for (std::uint32_t k = all; k % kGroup != 0 || k < all + 3; ++k) {
        batch.vectors[k] = x;
        batch.bound[k] = kNoZero;
        batch.squares[k] = 1.0F;
      }
      for (std::uint32_t r = 0, k = 0; r < records; k += count[r++]) {
        batch.bound[k] = kNoZero;
        if (count[r] == 6) {
          dots_of_6(x, batch.vectors + k, stride, batch.value + k);
        } else {
          dots_of_any(x, batch.vectors + k, count[r], stride, batch.value + k);
        }
      }
      if (first + kBatch < segment.count) prepare(first + kBatch, batches[turn ^ 1U], counts[turn ^ 1U]);
      zero_slopes(s, all, batch, products);
      for (std::uint32_t r = 0, k = 0; r < records; k += count[r++]) {
        const float error = batch.value[k] - record[first + r].target;
        batch.slope[k] = record[first + r].weight * error;
        loss.observed += static_cast<double>(batch.slope[k]) * static_cast<double>(error);
      }
      steps(s, all, norm * s.inverse_dimension, batch);
      for (std::uint32_t k = 0; k < all; ++k) block.column_squares[batch.place[k]] = batch.squares[k];
      float length = 0.0F;
      for (std::uint32_t r = 0, k = 0; r < records; k += count[r++]) {
        length = count[r] == 6 ? sweep<6>(r == 0, x, batch.vectors + k, batch.slope + k, batch.step + k, stride, scratch)
                               : sweep_any(r == 0, count[r], x, batch.vectors + k, batch.slope + k, batch.step + k, stride, scratch);
      }
      row_squares += length * s.inverse_dimension;
      const Vec back = splat(-s.rate / __builtin_sqrtf(row_squares));
      total = zero();
      for (std::size_t i = 0; i < stride; i += kLanes) {
        const Vec moved = fma(back, load(scratch + i), load(x + i));
        store(x + i, moved);
        total = fma(moved, moved, total);
      }
      norm = sum(total);
      loss.pairs += all;
      // Between looks a product grows by at most 16 factors of e^30, or 8 on top of 1e100.
      if (all > 2 * kGroup || (++worked & 7U) == 0) take_logarithms(products, false, &loss.zeros);
    }
    block.row_squares[segment.row] = row_squares;
    record += segment.count;
    number += segment.count;
  }
  take_logarithms(products, true, &loss.zeros);
  loss.zeros *= static_cast<double>(s.zero_weight);
  return loss;
}
