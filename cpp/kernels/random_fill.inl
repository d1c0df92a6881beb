// Random arrays: Philox blocks in lanes (draw_product of event_draws.inl), turned into numbers. No fused
// products here: the same bits at every level. The laws stand in tensor_types.hpp.
inline constexpr std::size_t kFillBlocks = 16, kFillWords = 4 * kFillBlocks;

// Words of blocks first .. first + kFillBlocks - 1.
static inline void fill_words(const RandomFill& fill, std::uint64_t first, std::uint32_t* words) {
  const DrawBits m0 = (DrawBits)(DrawWords{} + 0xD2511F53ULL), m1 = (DrawBits)(DrawWords{} + 0xCD9E8D57ULL);
  DrawWords lane = {};
  for (std::size_t i = 0; i < kDrawLanes; ++i) lane[i] = i;
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
    for (std::size_t i = 0; i < kDrawLanes; ++i) {
      const std::uint64_t pair[2] = {front[i], back[i]};
      __builtin_memcpy(words + 4 * (begin + i), pair, sizeof pair);
    }
  }
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
static void random_normal_f32(const RandomFill& fill, float* y) {
  fill_chunks<1>(fill, y, [](const std::uint32_t* words, float* out) {
    for (std::size_t i = 0; i < kFillWords; i += 2) {
      const double u = (words[i] + 0.5) * 0x1p-32, angle = words[i + 1] * 0x1p-32 * 6.283185307179586477;
      const double r = __builtin_sqrt(-2 * __builtin_log(u));
      out[i] = static_cast<float>(r * __builtin_cos(angle));
      out[i + 1] = static_cast<float>(r * __builtin_sin(angle));
    }
  });
}
static void random_normal_f64(const RandomFill& fill, double* y) {
  fill_chunks<2>(fill, y, [](const std::uint32_t* words, double* out) {
    for (std::size_t i = 0; i < kFillWords; i += 4) {
      const double u =
          (static_cast<double>((std::uint64_t{words[i]} << 32 | words[i + 1]) >> 11) + 0.5) * 0x1p-53;
      const double angle = static_cast<double>((std::uint64_t{words[i + 2]} << 32 | words[i + 3]) >> 11) *
                           0x1p-53 * 6.283185307179586477;
      const double r = __builtin_sqrt(-2 * __builtin_log(u));
      out[i / 2] = r * __builtin_cos(angle);
      out[i / 2 + 1] = r * __builtin_sin(angle);
    }
  });
}
