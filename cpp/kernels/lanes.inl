// Lanes of floats, doubles and integers as wide as the level's registers, in the compiler's vector types:
// arithmetic, comparisons (which give lanes of 0 and -1), ?: and bit operations are written as on numbers,
// and only what they lack has a form for each processor here.
#if defined(__AVX512F__)
inline constexpr std::size_t kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr std::size_t kVectorBytes = 32;
#else
inline constexpr std::size_t kVectorBytes = 16;
#endif
typedef float F32 __attribute__((vector_size(kVectorBytes)));
typedef double F64 __attribute__((vector_size(kVectorBytes)));
typedef std::int32_t I32 __attribute__((vector_size(kVectorBytes)));
typedef std::int64_t I64 __attribute__((vector_size(kVectorBytes)));
typedef std::uint32_t U32 __attribute__((vector_size(kVectorBytes)));
typedef std::uint64_t U64 __attribute__((vector_size(kVectorBytes)));
typedef std::uint8_t B32 __attribute__((vector_size(kVectorBytes / 4)));  // a byte for each float
typedef std::uint8_t B64 __attribute__((vector_size(kVectorBytes / 8)));

// What a function written once for both precisions needs to know.
struct Single {
  using Scalar = float;
  using Real = F32;
  using Int = I32;
  using Bits = U32;
  using Bytes = B32;
  static constexpr std::size_t kWidth = kVectorBytes / 4;
  static constexpr std::uint32_t kSign = 0x80000000, kInfinity = 0x7F800000, kOne = 0x3F800000;
  static constexpr int kFractionBits = 23, kBias = 127;
};
struct Double {
  using Scalar = double;
  using Real = F64;
  using Int = I64;
  using Bits = U64;
  using Bytes = B64;
  static constexpr std::size_t kWidth = kVectorBytes / 8;
  static constexpr std::uint64_t kSign = 0x8000000000000000, kInfinity = 0x7FF0000000000000;
  static constexpr int kFractionBits = 52, kBias = 1023;
};
struct Whole32 {
  using Scalar = std::int32_t;
  using Real = I32;
  using Int = I32;
  using Bits = U32;
  using Bytes = B32;
  static constexpr std::size_t kWidth = kVectorBytes / 4;
};
struct Whole64 {
  using Scalar = std::int64_t;
  using Real = I64;
  using Int = I64;
  using Bits = U64;
  using Bytes = B64;
  static constexpr std::size_t kWidth = kVectorBytes / 8;
};

template <class V, class T>
static inline V load_lanes(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class V, class T>
static inline void store_lanes(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}
template <class V, class T>
static inline V all_lanes(T x) {
  return x - V{};  // -0 stays -0
}

// a * b + c, one rounding where the level has it and two where it has not.
static inline F32 fused(F32 a, F32 b, F32 c) {
#if defined(__AVX512F__)
  return (F32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
  return (F32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON)
  return (F32)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}
static inline F64 fused(F64 a, F64 b, F64 c) {
#if defined(__AVX512F__)
  return (F64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX2__)
  return (F64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__ARM_NEON)
  return (F64)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
}

static inline F32 root_lanes(F32 x) {
#if defined(__AVX512F__)
  return (F32)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
  return (F32)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (F32)_mm_sqrt_ps((__m128)x);
#else
  return (F32)vsqrtq_f32((float32x4_t)x);
#endif
}
static inline F64 root_lanes(F64 x) {
#if defined(__AVX512F__)
  return (F64)_mm512_sqrt_pd((__m512d)x);
#elif defined(__AVX2__)
  return (F64)_mm256_sqrt_pd((__m256d)x);
#elif defined(__SSE2__)
  return (F64)_mm_sqrt_pd((__m128d)x);
#else
  return (F64)vsqrtq_f64((float64x2_t)x);
#endif
}

// The smaller or larger; the second operand when one is NaN, as SSE has it.
static inline F32 lower_of(F32 a, F32 b) {
#if defined(__AVX512F__)
  return (F32)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (F32)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (F32)_mm_min_ps((__m128)a, (__m128)b);
#else
  return a < b ? a : b;
#endif
}
static inline F32 upper_of(F32 a, F32 b) {
#if defined(__AVX512F__)
  return (F32)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (F32)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (F32)_mm_max_ps((__m128)a, (__m128)b);
#else
  return a > b ? a : b;
#endif
}
static inline F64 lower_of(F64 a, F64 b) {
#if defined(__AVX512F__)
  return (F64)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX2__)
  return (F64)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__)
  return (F64)_mm_min_pd((__m128d)a, (__m128d)b);
#else
  return a < b ? a : b;
#endif
}
static inline F64 upper_of(F64 a, F64 b) {
#if defined(__AVX512F__)
  return (F64)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX2__)
  return (F64)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__)
  return (F64)_mm_max_pd((__m128d)a, (__m128d)b);
#else
  return a > b ? a : b;
#endif
}

// Floats as two vectors of doubles, the first half first, and back with one rounding.
struct Halves {
  F64 front, back;
};
static inline Halves widen(F32 x) {
#if defined(__AVX512F__)
  return {(F64)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)x)),
          (F64)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)x, 1))};
#elif defined(__AVX2__)
  return {(F64)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)x)),
          (F64)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)x, 1))};
#elif defined(__SSE2__)
  return {(F64)_mm_cvtps_pd((__m128)x), (F64)_mm_cvtps_pd(_mm_movehl_ps((__m128)x, (__m128)x))};
#else
  return {(F64)vcvt_f64_f32(vget_low_f32((float32x4_t)x)), (F64)vcvt_high_f64_f32((float32x4_t)x)};
#endif
}
static inline F32 narrow(F64 front, F64 back) {
#if defined(__AVX512F__)
  return (F32)_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps((__m512d)front)),
                                 _mm512_cvtpd_ps((__m512d)back), 1);
#elif defined(__AVX2__)
  return (F32)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps((__m256d)front)),
                                   _mm256_cvtpd_ps((__m256d)back), 1);
#elif defined(__SSE2__)
  return (F32)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)front), _mm_cvtpd_ps((__m128d)back));
#else
  return (F32)vcombine_f32(vcvt_f32_f64((float64x2_t)front), vcvt_f32_f64((float64x2_t)back));
#endif
}

// The nearest whole number, half to even.
static inline F32 round_lanes(F32 x) {
#if defined(__AVX512F__)
  return (F32)_mm512_roundscale_ps((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  return (F32)_mm256_round_ps((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__SSE2__)
  const U32 sign = (U32)x & 0x80000000U;
  const F32 size = (F32)((U32)x ^ sign), whole = (size + 0x1p23F) - 0x1p23F;
  return size < 0x1p23F ? (F32)((U32)whole | sign) : x;
#else
  return (F32)vrndnq_f32((float32x4_t)x);
#endif
}
static inline F64 round_lanes(F64 x) {
#if defined(__AVX512F__)
  return (F64)_mm512_roundscale_pd((__m512d)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  return (F64)_mm256_round_pd((__m256d)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__SSE2__)
  const U64 sign = (U64)x & 0x8000000000000000ULL;
  const F64 size = (F64)((U64)x ^ sign), whole = (size + 0x1p52) - 0x1p52;
  return size < 0x1p52 ? (F64)((U64)whole | sign) : x;
#else
  return (F64)vrndnq_f64((float64x2_t)x);
#endif
}

// Whether any lane of a comparison holds.
template <class M>
static inline bool any_lane(M mask) {
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX2__)
  return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#elif defined(__SSE2__)
  return _mm_movemask_epi8((__m128i)mask) != 0;
#else
  return vmaxvq_u32((uint32x4_t)mask) != 0;
#endif
}

template <class L>
static inline typename L::Real magnitude(typename L::Real x) {
  return (typename L::Real)((typename L::Bits)x & ~L::kSign);
}
template <class L>
static inline typename L::Bits sign_bits(typename L::Real x) {
  return (typename L::Bits)x & L::kSign;
}
// |x| with the sign of `of`; x is not negative.
template <class L>
static inline typename L::Real with_sign(typename L::Real x, typename L::Bits sign) {
  return (typename L::Real)((typename L::Bits)x | sign);
}

// -1 in the first n lanes.
template <class L>
static inline typename L::Int first_lanes(std::size_t n) {
  using Int = typename L::Int;
  Int place = {};
  for (std::size_t k = 0; k < L::kWidth; ++k) place[k] = static_cast<decltype(place[0] + 0)>(k);
  return place < all_lanes<Int>(static_cast<decltype(place[0] + 0)>(n));
}
// The first n < kWidth lanes; the others are 0, and not read from memory.
template <class L>
static inline typename L::Real load_first(const typename L::Scalar* p, std::size_t n) {
  using Real = typename L::Real;
#if defined(__AVX512F__)
  const auto mask = static_cast<std::uint32_t>((1U << n) - 1);
  if constexpr (sizeof(*p) == 4) return (Real)_mm512_maskz_loadu_epi32(static_cast<__mmask16>(mask), p);
  if constexpr (sizeof(*p) == 8) return (Real)_mm512_maskz_loadu_epi64(static_cast<__mmask8>(mask), p);
#elif defined(__AVX2__)
  const __m256i mask = (__m256i)first_lanes<L>(n);
  if constexpr (sizeof(*p) == 4) return (Real)_mm256_maskload_epi32(reinterpret_cast<const int*>(p), mask);
  if constexpr (sizeof(*p) == 8)
    return (Real)_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), mask);
#else
  Real v = {};
  for (std::size_t k = 0; k + 1 < L::kWidth; ++k) {
    if (k < n) v[k] = p[k];
  }
  return v;
#endif
}
template <class L>
static inline void store_first(typename L::Scalar* p, typename L::Real v, std::size_t n) {
#if defined(__AVX512F__)
  const auto mask = static_cast<std::uint32_t>((1U << n) - 1);
  if constexpr (sizeof(*p) == 4) _mm512_mask_storeu_epi32(p, static_cast<__mmask16>(mask), (__m512i)v);
  if constexpr (sizeof(*p) == 8) _mm512_mask_storeu_epi64(p, static_cast<__mmask8>(mask), (__m512i)v);
#elif defined(__AVX2__)
  const __m256i mask = (__m256i)first_lanes<L>(n);
  if constexpr (sizeof(*p) == 4) _mm256_maskstore_epi32(reinterpret_cast<int*>(p), mask, (__m256i)v);
  if constexpr (sizeof(*p) == 8) _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), mask, (__m256i)v);
#else
  for (std::size_t k = 0; k + 1 < L::kWidth; ++k) {
    if (k < n) p[k] = v[k];
  }
#endif
}

inline constexpr std::size_t kAtOnce = 4;
// y = f(x) over an array; the tail is a vector whose other lanes are 0.
template <class L, class F>
static inline void map_lanes(const typename L::Scalar* x, typename L::Scalar* y, std::size_t n, F f) {
  using Real = typename L::Real;
  constexpr std::size_t w = L::kWidth;
  std::size_t i = 0;
  // Vectors at once: a function is one long chain, and their chains run beside each other.
  for (; i + kAtOnce * w <= n; i += kAtOnce * w) {
    Real v[kAtOnce];
    for (std::size_t k = 0; k < kAtOnce; ++k) v[k] = load_lanes<Real>(x + i + k * w);
    for (std::size_t k = 0; k < kAtOnce; ++k) v[k] = f(v[k]);
    for (std::size_t k = 0; k < kAtOnce; ++k) store_lanes(y + i + k * w, v[k]);
  }
  for (; i + w <= n; i += w) store_lanes(y + i, f(load_lanes<Real>(x + i)));
  if (i < n) store_first<L>(y + i, f(load_first<L>(x + i, n - i)), n - i);
}

// The same for two inputs, one or both of which may be a single number; Out: what is stored for each lane.
template <class L, class Out, class F>
static inline void map_two(const typename L::Scalar* a, const typename L::Scalar* b, Out* y, std::size_t n,
                           Mode mode, F f) {
  using Real = typename L::Real;
  constexpr std::size_t w = L::kWidth;
  if (n == 0) return;
  const Real a0 = all_lanes<Real>(*a), b0 = all_lanes<Real>(*b);
  std::size_t i = 0;
  if (mode == kVectors) {
    for (; i + w <= n; i += w) store_lanes(y + i, f(load_lanes<Real>(a + i), load_lanes<Real>(b + i)));
  } else if (mode == kScalarA) {
    for (; i + w <= n; i += w) store_lanes(y + i, f(a0, load_lanes<Real>(b + i)));
  } else if (mode == kScalarB) {
    for (; i + w <= n; i += w) store_lanes(y + i, f(load_lanes<Real>(a + i), b0));
  } else {
    const auto v = f(a0, b0);
    for (; i + w <= n; i += w) store_lanes(y + i, v);
  }
  if (i == n) return;
  const auto last = f(mode & kScalarA ? a0 : load_first<L>(a + i, n - i),
                      mode & kScalarB ? b0 : load_first<L>(b + i, n - i));
  if constexpr (sizeof(Out) == sizeof(*a)) {
    store_first<L>(y + i, last, n - i);
  } else {
    Out part[w];
    store_lanes(part, last);
    __builtin_memcpy(y + i, part, (n - i) * sizeof *y);
  }
}
