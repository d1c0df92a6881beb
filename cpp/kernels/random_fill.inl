// Random arrays: Philox blocks in lanes (draw_product of event_draws.inl), turned into numbers. No fused
// products here: the same bits at every level. The laws stand in tensor_types.hpp.
inline constexpr std::size_t kFillBlocks = 16, kFillWords = 4 * kFillBlocks;

// Words of blocks first .. first + kFillBlocks - 1.
static inline void fill_words(const RandomFill& fill, std::uint64_t first, std::uint32_t* words) {
  const DrawBits m0 = (DrawBits)(DrawWords{} + 0xD2511F53ULL), m1 = (DrawBits)(DrawWords{} + 0xCD9E8D57ULL);
  DrawWords lane = {};
  for (std::size_t i = 0; i < kDrawLanes; ++i) lane[i] = i;
  std::uint64_t fronts[kFillBlocks], backs[kFillBlocks];
  for (std::size_t begin = 0; begin < kFillBlocks; begin += kDrawLanes) {
    const DrawWords index = lane + (first + begin);
    DrawWords c0 = index, c1 = index >> 32, c2 = DrawWords{} + fill.record,
              c3 = DrawWords{} + (fill.record >> 32);
    std::uint32_t k0 = fill.key0, k1 = fill.key1;
    for (int round = 0; round < 10; ++round) {  // random/philox.hpp
      const DrawWords p0 = (DrawWords)draw_product((DrawBits)c0, m0);
      const DrawWords p1 = (DrawWords)draw_product((DrawBits)c2, m1);
      c0 = (p1 >> 32) ^ c1 ^ std::uint64_t{k0};
      c1 = p1;
      c2 = (p0 >> 32) ^ c3 ^ std::uint64_t{k1};
      c3 = p0;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    const DrawWords low = DrawWords{} + 0xFFFFFFFFULL;
    const DrawWords front = (c0 & low) | c1 << 32, back = (c2 & low) | c3 << 32;
    store_lanes(fronts + begin, front);
    store_lanes(backs + begin, back);
  }
  std::uint64_t pairs[2 * kFillBlocks];
  for (std::size_t i = 0; i < kFillBlocks; ++i) {
    pairs[2 * i] = fronts[i];
    pairs[2 * i + 1] = backs[i];
  }
  __builtin_memcpy(words, pairs, sizeof pairs);
}

// Elements by chunks of kFillWords words, kWords words each: turn(words, out) makes a chunk.
template <std::size_t kWords, class T, class F>
static inline void fill_chunks(const RandomFill& fill, T* y, F turn) {
  constexpr std::size_t kChunk = kFillWords / kWords;
  std::uint32_t words[kFillWords];
  T chunk[kChunk];
  const std::uint64_t last = fill.first + fill.count;
  for (std::uint64_t at = fill.first; at < last;) {
    const std::uint64_t start = at / kChunk * kChunk;
    const std::uint64_t end = start + kChunk < last ? start + kChunk : last;
    fill_words(fill, start / kChunk * kFillBlocks, words);
    if (at == start && end == start + kChunk) {
      turn(words, y + (at - fill.first));
    } else {
      turn(words, chunk);
      for (std::uint64_t i = at; i < end; ++i) y[i - fill.first] = chunk[i - start];
    }
    at = end;
  }
}

static void random_bits(const RandomFill& fill, std::uint32_t* y) {
  fill_chunks<1>(fill, y, [](const std::uint32_t* words, std::uint32_t* out) {
    __builtin_memcpy(out, words, kFillWords * 4);
  });
}
static void random_uniform_f32(const RandomFill& fill, float* y) {
  fill_chunks<1>(fill, y, [](const std::uint32_t* words, float* out) {
    for (std::size_t i = 0; i < kFillWords; ++i)
      out[i] = static_cast<float>(static_cast<std::int32_t>(words[i] >> 8)) * 0x1p-24F;
  });
}
static void random_uniform_f64(const RandomFill& fill, double* y) {
  fill_chunks<2>(fill, y, [](const std::uint32_t* words, double* out) {
    for (std::size_t i = 0; i < kFillWords / 2; ++i) {
      out[i] = static_cast<double>((std::uint64_t{words[2 * i]} << 32 | words[2 * i + 1]) >> 11) * 0x1p-53;
    }
  });
}

// Box and Muller's pair of normals (Annals of Mathematical Statistics 29, 1958) of u in (0, 1] and an angle
// in quarters of a turn: the nearest quarter and what is left, in radians.
template <class L>
static inline void normal_pair(typename L::Real u, typename L::Real angle, typename L::Bits quarter,
                               typename L::Scalar* first, typename L::Scalar* second) {
  using Real = typename L::Real;
  const LogParts<L> parts = log_parts<L>(u, typename L::Bits{});
  const Real log_u = log_join<L, false>(parts.k, parts.f, Real{});
  const Real r = root_lanes(upper_of(log_u * typename L::Scalar(-2), Real{}));
  store_lanes(first, r * circle_join<L, 1, false>(angle, quarter));
  store_lanes(second, r * circle_join<L, 0, false>(angle, quarter));
}
static void random_normal_f32(const RandomFill& fill, float* y) {
  fill_chunks<1>(fill, y, [](const std::uint32_t* words, float* out) {
    constexpr std::size_t kPairs = kFillWords / 2;
    std::uint32_t us[kPairs], vs[kPairs];
    float first[kPairs], second[kPairs];
    for (std::size_t i = 0; i < kPairs; ++i) {
      us[i] = words[2 * i];
      vs[i] = words[2 * i + 1];
    }
    for (std::size_t i = 0; i < kPairs; i += Single::kWidth) {
      const U32 u = load_lanes<U32>(us + i), v = load_lanes<U32>(vs + i) + 0x20000000U;
      const F32 whole = real_of(u >> 16) * 65536.0F + real_of(u & 0xFFFFU);
      const F32 left = real_of(v & 0x3FFFFFFFU) - 0x1p29F;
      normal_pair<Single>((whole + 0.5F) * 0x1p-32F, left * (1.57079633F * 0x1p-30F), v >> 30, first + i,
                          second + i);
    }
    for (std::size_t i = 0; i < kPairs; ++i) {
      out[2 * i] = first[i];
      out[2 * i + 1] = second[i];
    }
  });
}
static void random_normal_f64(const RandomFill& fill, double* y) {
  fill_chunks<2>(fill, y, [](const std::uint32_t* words, double* out) {
    constexpr std::size_t kPairs = kFillBlocks;
    std::uint64_t us[kPairs], vs[kPairs];
    double first[kPairs], second[kPairs];
    for (std::size_t i = 0; i < kPairs; ++i) {
      us[i] = std::uint64_t{words[4 * i]} << 32 | words[4 * i + 1];
      vs[i] = std::uint64_t{words[4 * i + 2]} << 32 | words[4 * i + 3];
    }
    for (std::size_t i = 0; i < kPairs; i += Double::kWidth) {
      const U64 u = load_lanes<U64>(us + i), v = load_lanes<U64>(vs + i) + (1ULL << 61);
      const F64 whole = real_of(u >> 32) * 0x1p20 + real_of((u & 0xFFFFFFFFULL) >> 12);
      const F64 left = real_of((v & ((1ULL << 62) - 1)) >> 11) - 0x1p50;
      normal_pair<Double>((whole + 0.5) * 0x1p-52, left * (1.57079632679489662 * 0x1p-51), v >> 62, first + i,
                          second + i);
    }
    for (std::size_t i = 0; i < kPairs; ++i) {
      out[2 * i] = first[i];
      out[2 * i + 1] = second[i];
    }
  });
}
