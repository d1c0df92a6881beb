// Float lanes of the level being compiled: `Lanes` floats at once, the same names at every level.
// fma() is one rounding where the level has it and two where it has not; kernels built on it promise a tolerance.
#if defined(__AVX512F__)
using Vec = __m512;
inline constexpr std::size_t kLanes = 16;
static inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
static inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
static inline Vec splat(float x) { return _mm512_set1_ps(x); }
static inline Vec zero() { return _mm512_setzero_ps(); }
static inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
static inline Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
static inline Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
static inline Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
static inline Vec root(Vec a) { return _mm512_sqrt_ps(a); }
static inline Vec least(Vec a, Vec b) { return _mm512_min_ps(a, b); }
static inline Vec most(Vec a, Vec b) { return _mm512_max_ps(a, b); }
// 2^n from the float 1.5 * 2^23 + n.
static inline Vec power_of_two(Vec shifted) {
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_slli_epi32(_mm512_castps_si512(shifted), 23), _mm512_set1_epi32(0x3F800000)));
}
static inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline float sum(Vec v) {
  const __m256 h = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}
#elif defined(__AVX2__)
using Vec = __m256;
inline constexpr std::size_t kLanes = 8;
static inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
static inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
static inline Vec splat(float x) { return _mm256_set1_ps(x); }
static inline Vec zero() { return _mm256_setzero_ps(); }
static inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
static inline Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
static inline Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
static inline Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
static inline Vec root(Vec a) { return _mm256_sqrt_ps(a); }
static inline Vec least(Vec a, Vec b) { return _mm256_min_ps(a, b); }
static inline Vec most(Vec a, Vec b) { return _mm256_max_ps(a, b); }
// 2^n from the float 1.5 * 2^23 + n.
static inline Vec power_of_two(Vec shifted) {
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_slli_epi32(_mm256_castps_si256(shifted), 23), _mm256_set1_epi32(0x3F800000)));
}
static inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
static inline float sum(Vec v) {
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}
#define STOCHOS_SUM_OF_6
static inline void sum_of_6(Vec a, Vec b, Vec c, Vec d, Vec e, Vec f, float* out) {
  const __m256 abcd = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  const __m256 ef = _mm256_hadd_ps(_mm256_hadd_ps(e, f), _mm256_setzero_ps());
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1)));
  _mm_storel_pi(reinterpret_cast<__m64*>(out + 4), _mm_add_ps(_mm256_castps256_ps128(ef), _mm256_extractf128_ps(ef, 1)));
}
#elif defined(__SSE2__)
using Vec = __m128;
inline constexpr std::size_t kLanes = 4;
static inline Vec load(const float* p) { return _mm_loadu_ps(p); }
static inline void store(float* p, Vec v) { _mm_storeu_ps(p, v); }
static inline Vec splat(float x) { return _mm_set1_ps(x); }
static inline Vec zero() { return _mm_setzero_ps(); }
static inline Vec add(Vec a, Vec b) { return _mm_add_ps(a, b); }
static inline Vec mul(Vec a, Vec b) { return _mm_mul_ps(a, b); }
static inline Vec sub(Vec a, Vec b) { return _mm_sub_ps(a, b); }
static inline Vec div(Vec a, Vec b) { return _mm_div_ps(a, b); }
static inline Vec root(Vec a) { return _mm_sqrt_ps(a); }
static inline Vec least(Vec a, Vec b) { return _mm_min_ps(a, b); }
static inline Vec most(Vec a, Vec b) { return _mm_max_ps(a, b); }
// 2^n from the float 1.5 * 2^23 + n.
static inline Vec power_of_two(Vec shifted) {
  return _mm_castsi128_ps(_mm_add_epi32(_mm_slli_epi32(_mm_castps_si128(shifted), 23), _mm_set1_epi32(0x3F800000)));
}
static inline Vec fma(Vec a, Vec b, Vec c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
static inline float sum(Vec q) {
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}
#elif defined(__ARM_NEON)
using Vec = float32x4_t;
inline constexpr std::size_t kLanes = 4;
static inline Vec load(const float* p) { return vld1q_f32(p); }
static inline void store(float* p, Vec v) { vst1q_f32(p, v); }
static inline Vec splat(float x) { return vdupq_n_f32(x); }
static inline Vec zero() { return vdupq_n_f32(0.0F); }
static inline Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
static inline Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
static inline Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
static inline Vec div(Vec a, Vec b) { return vdivq_f32(a, b); }
static inline Vec root(Vec a) { return vsqrtq_f32(a); }
static inline Vec least(Vec a, Vec b) { return vminq_f32(a, b); }
static inline Vec most(Vec a, Vec b) { return vmaxq_f32(a, b); }
static inline Vec power_of_two(Vec shifted) {
  return vreinterpretq_f32_s32(vaddq_s32(vshlq_n_s32(vreinterpretq_s32_f32(shifted), 23), vdupq_n_s32(0x3F800000)));
}
static inline Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
static inline float sum(Vec v) { return vaddvq_f32(v); }
#else
#error "no float lanes for this processor: add them to simd.inl"
#endif

// Six sums at once; levels with a horizontal add do better above.
#ifndef STOCHOS_SUM_OF_6
static inline void sum_of_6(Vec a, Vec b, Vec c, Vec d, Vec e, Vec f, float* out) {
  out[0] = sum(a);
  out[1] = sum(b);
  out[2] = sum(c);
  out[3] = sum(d);
  out[4] = sum(e);
  out[5] = sum(f);
}
#endif
