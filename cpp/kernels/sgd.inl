// One pass of SGD over a block. For each observed pair: draw zeros, all inner products, then one sweep that updates
// every column vector and gathers the row's gradient, then the row's own update.

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
static inline void dots(const float* x, float* const* vectors, std::uint32_t count, std::size_t stride, float* out) {
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

// Moves every column vector by -step * x and leaves sum slope * vector (of the old vectors) in `gradient`; returns the
// gradient's squared length.
static inline __attribute__((always_inline)) float sweep(std::uint32_t count, const float* x, float* const* vectors, const float* slope,
                                                         const float* step, std::size_t stride, float* gradient) {
  Vec length = zero();
  for (std::size_t i = 0; i < stride; i += kLanes) {
    const Vec old = load(x + i);
    Vec here = zero();
    for (std::uint32_t k = 0; k < count; ++k) {
      const Vec v = load(vectors[k] + i);
      here = fma(splat(slope[k]), v, here);
      store(vectors[k] + i, fma(splat(-step[k]), old, v));
    }
    length = fma(here, here, length);
    store(gradient + i, here);
  }
  return sum(length);
}

// Slopes and steps of one record, a register of pairs at a time without a branch; element 0 is the observed pair.
// On return slope[k] = dloss/d<x, v_k> and step[k] = rate * slope / sqrt(new mean square of v_k's gradients).
// All arrays hold a multiple of kGroup elements; the padding has a bound so high that its slope is nothing.
static inline void slopes_and_steps(const SgdSettings& s, std::uint32_t count, float target, float weight, float row_square,
                                    const float* value, const float* bound, float* squares, float* slope, float* step,
                                    double* products) {
  float growth[kGroup];
  for (std::uint32_t from = 0; from < count; from += kGroup) {
    for (std::uint32_t k = 0; k < kGroup; k += kLanes) {
      const Vec z = most(least(sub(load(value + from + k), load(bound + from + k)), splat(30.0F)), splat(-30.0F));
      const Vec e = exp_bounded(z);
      const Vec more = add(e, splat(1.0F));
      store(growth + k, more);
      store(slope + from + k, mul(splat(s.zero_weight), div(e, more)));
    }
    for (std::uint32_t k = 0; k < kGroup; ++k) products[k] *= static_cast<double>(growth[k]);
    if (from == 0) slope[0] = weight * (value[0] - target);
    for (std::uint32_t k = from; k < from + kGroup; k += kLanes) {
      const Vec g = load(slope + k);
      const Vec mean = fma(mul(g, g), splat(row_square), load(squares + k));
      store(squares + k, mean);
      store(step + k, div(mul(splat(s.rate), g), root(mean)));
    }
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
  constexpr std::uint32_t kRoom = (kMaxNegatives + 1 + kGroup) / kGroup * kGroup + kGroup;  // whole groups, and of 3
  constexpr float kNoZero = 1e30F;                                      // bound of a place without a pair: slope e^-30
  SgdLoss loss = {0.0, 0.0, 0};
  const std::size_t stride = s.stride;
  // Two records' places: the next one's zeros are drawn, and their vectors fetched, while one is worked on.
  std::uint32_t places[2][kRoom];
  std::uint32_t found[2];
  float* vectors[kRoom];
  float value[kRoom], bound[kRoom], slope[kRoom], step[kRoom], squares[kRoom];
  double products[kGroup];  // of 1 + e^z over zeros: one logarithm serves many terms
  for (std::uint32_t k = 0; k < kGroup; ++k) products[k] = 1.0;
  for (std::uint32_t k = 0; k < kRoom; ++k) value[k] = 0.0F;
  const SgdRecord* record = block.records;
  std::uint64_t number = block.first_record;
  for (std::size_t g = 0; g < block.segment_count; ++g) {
    const SgdSegment segment = block.segments[g];
    float* const x = block.rows + segment.row * stride;
    const std::uint64_t* const seen = block.observed + segment.row * block.observed_words_per_row;
    const float row_hinge = s.zero_target - block.row_bias[segment.row];
    float row_squares = block.row_squares[segment.row];
    float norm = 0.0F;
    {
      Vec total = zero();
      for (std::size_t i = 0; i < stride; i += kLanes) total = fma(load(x + i), load(x + i), total);
      norm = sum(total);
    }
    places[0][0] = record->column;
    found[0] = draw_zeros(block, s, seen, number, places[0] + 1);
    for (std::uint32_t k = 0; k <= found[0]; ++k) fetch(block.columns + places[0][k] * stride, stride);
    if (g + 1 < block.segment_count) {
      fetch(block.rows + block.segments[g + 1].row * stride, stride);
      __builtin_prefetch(block.observed + block.segments[g + 1].row * block.observed_words_per_row);
    }
    for (std::uint32_t r = 0; r < segment.count; ++r, ++record, ++number) {
      std::uint32_t* const place = places[r & 1U];
      const std::uint32_t count = 1 + found[r & 1U];
      if (r + 1 < segment.count) {
        std::uint32_t* const next = places[(r + 1) & 1U];
        const std::uint32_t coming = found[(r + 1) & 1U] = draw_zeros(block, s, seen, number + 1, next + 1);
        next[0] = record[1].column;
        for (std::uint32_t k = 0; k <= coming; ++k) fetch(block.columns + next[k] * stride, stride);
      }
      for (std::uint32_t k = 0; k < count; ++k) {
        vectors[k] = block.columns + place[k] * stride;
        bound[k] = row_hinge - block.column_bias[place[k]];
        squares[k] = block.column_squares[place[k]];
      }
      bound[0] = kNoZero;
      for (std::uint32_t k = count; k % kGroup != 0; ++k) {
        vectors[k] = x;
        bound[k] = kNoZero;
        squares[k] = 1.0F;
      }
      if (count == 6) {
        dots_of_6(x, vectors, stride, value);
      } else {
        dots(x, vectors, count, stride, value);
      }
      slopes_and_steps(s, count, record->target, record->weight, norm * s.inverse_dimension, value, bound, squares, slope, step, products);
      if (number % 16 == 0) take_logarithms(products, false, &loss.zeros);
      loss.observed += static_cast<double>(slope[0]) * static_cast<double>(value[0] - record->target);
      for (std::uint32_t k = 0; k < count; ++k) block.column_squares[place[k]] = squares[k];
      // The usual count is spelt out, so that its slopes and steps stay in registers.
      const float length = count == 6 ? sweep(6, x, vectors, slope, step, stride, scratch)
                                      : sweep(count, x, vectors, slope, step, stride, scratch);
      row_squares += length * s.inverse_dimension;
      const Vec back = splat(-s.rate / __builtin_sqrtf(row_squares));
      Vec total = zero();
      for (std::size_t i = 0; i < stride; i += kLanes) {
        const Vec moved = fma(back, load(scratch + i), load(x + i));
        store(x + i, moved);
        total = fma(moved, moved, total);
      }
      norm = sum(total);
      loss.pairs += count;
    }
    // Kept in a register over the segment: no column of the segment is the row's own word, even in a diagonal block.
    block.row_squares[segment.row] = row_squares;
  }
  take_logarithms(products, true, &loss.zeros);
  loss.zeros *= static_cast<double>(s.zero_weight);
  return loss;
}
