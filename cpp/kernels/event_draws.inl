// Draws of exact simulations, some events at a time: for block number first + i of a record, exponential[i] is
// -log(u1) and uniform[i] is u2, bit for bit random::draw, random::uniform_open and random::log. `count` is a
// multiple of 8. Words of 32 bits stand in lanes of 64, whose upper halves the products do not look at.
#if defined(__AVX512F__)
using DrawBits = __m512i;
using DrawReal = __m512d;
static inline DrawBits draw_product(DrawBits a, DrawBits b) {
  return _mm512_mul_epu32(a, b);
}
#elif defined(__AVX2__)
using DrawBits = __m256i;
using DrawReal = __m256d;
static inline DrawBits draw_product(DrawBits a, DrawBits b) {
  return _mm256_mul_epu32(a, b);
}
#elif defined(__SSE2__)
using DrawBits = __m128i;
using DrawReal = __m128d;
static inline DrawBits draw_product(DrawBits a, DrawBits b) {
  return _mm_mul_epu32(a, b);
}
#else
typedef long long DrawBits __attribute__((vector_size(16)));
typedef double DrawReal __attribute__((vector_size(16)));
#endif
constexpr std::size_t kDrawLanes = sizeof(DrawReal) / sizeof(double);
typedef std::uint64_t DrawWords __attribute__((vector_size(sizeof(DrawBits))));
#if !defined(__SSE2__)
static inline DrawBits draw_product(DrawBits a, DrawBits b) {
  const DrawWords low = DrawWords{} + 0xFFFFFFFFULL;
  return (DrawBits)(((DrawWords)a & low) * ((DrawWords)b & low));
}
#endif

// A whole number below 2^52 as a double: it is laid into the significand of 2^52.
static inline DrawReal draw_real(DrawWords number, double less) {
  return (DrawReal)(number | 0x4330000000000000ULL) - less;
}

// random::uniform_open of the words high and low.
static inline DrawReal draw_uniform(DrawWords high, DrawWords low) {
  const DrawReal upper = draw_real(high & 0xFFFFFFFFULL, 0x1p52);
  const DrawReal lower = draw_real((low & 0xFFFFFFFFULL) >> 12, 0x1p52);
  return (upper * 1048576.0 + lower + 0.5) * 0x1p-52;
}

// random::log; the constants are explained there.
static inline DrawReal draw_log(DrawReal x) {
  const DrawWords shifted = (DrawWords)x - 0x3FE6A09E00000000ULL;
  const DrawReal k = draw_real((shifted + (1024ULL << 52)) >> 52, 0x1p52 + 1024);
  const DrawReal f = (DrawReal)((shifted & 0x000FFFFFFFFFFFFFULL) + 0x3FE6A09E00000000ULL) - 1.0;
  const DrawReal half = 0.5 * f * f, s = f / (2.0 + f), z = s * s, w = z * z;
  const DrawReal even =
      w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const DrawReal odd =
      z * (6.666666666666735130e-01 +
           w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  return s * (half + (odd + even)) + k * 1.90821492927058770002e-10 - half + f +
         k * 6.93147180369123816490e-01;
}

static void event_draws(std::uint32_t key0, std::uint32_t key1, std::uint64_t record, std::uint64_t first,
                        std::size_t count, double* exponential, double* uniform) {
  const DrawBits m0 = (DrawBits)(DrawWords{} + 0xD2511F53ULL), m1 = (DrawBits)(DrawWords{} + 0xCD9E8D57ULL);
  DrawWords lane = {};
  for (std::size_t i = 0; i < kDrawLanes; ++i) lane[i] = i;
  for (std::size_t begin = 0; begin < count; begin += kDrawLanes) {
    const DrawWords index = lane + (first + begin);
    DrawWords c0 = index, c1 = index >> 32, c2 = DrawWords{} + record, c3 = DrawWords{} + (record >> 32);
    std::uint32_t k0 = key0, k1 = key1;
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
    const DrawReal waiting = -draw_log(draw_uniform(c0, c1)), choice = draw_uniform(c2, c3);
    __builtin_memcpy(exponential + begin, &waiting, sizeof waiting);
    __builtin_memcpy(uniform + begin, &choice, sizeof choice);
  }
}
