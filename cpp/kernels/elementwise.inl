// Elementwise kernels of both precisions and of whole numbers; the functions of one vector are in
// functions.inl.
template <class L, typename L::Real (*kFunction)(typename L::Real)>
static void unary_kernel(const typename L::Scalar* x, typename L::Scalar* y, std::size_t n) {
  map_lanes<L>(x, y, n, [](typename L::Real v) { return kFunction(v); });
}
template <class L, typename L::Real (*kFunction)(typename L::Real, typename L::Real)>
static void binary_kernel(const typename L::Scalar* a, const typename L::Scalar* b, typename L::Scalar* y,
                          std::size_t n, Mode mode) {
  map_two<L>(a, b, y, n, mode, [](typename L::Real u, typename L::Real v) { return kFunction(u, v); });
}

template <class L>
static inline typename L::Real add_of(typename L::Real a, typename L::Real b) {
  return a + b;
}
template <class L>
static inline typename L::Real sub_of(typename L::Real a, typename L::Real b) {
  return a - b;
}
template <class L>
static inline typename L::Real mul_of(typename L::Real a, typename L::Real b) {
  return a * b;
}
template <class L>
static inline typename L::Real div_of(typename L::Real a, typename L::Real b) {
  return a / b;
}
// A NaN in either operand is the answer; zeros are equal, as in NumPy.
template <class L>
static inline typename L::Real maximum_of(typename L::Real a, typename L::Real b) {
  return a != a ? a : upper_of(a, b);
}
template <class L>
static inline typename L::Real minimum_of(typename L::Real a, typename L::Real b) {
  return a != a ? a : lower_of(a, b);
}
template <class L>
static inline typename L::Real whole_maximum(typename L::Real a, typename L::Real b) {
  return a > b ? a : b;
}
template <class L>
static inline typename L::Real whole_minimum(typename L::Real a, typename L::Real b) {
  return a < b ? a : b;
}
// Products of whole numbers wrap around, which only unsigned lanes promise.
template <class L>
static inline typename L::Real whole_add(typename L::Real a, typename L::Real b) {
  return (typename L::Real)((typename L::Bits)a + (typename L::Bits)b);
}
template <class L>
static inline typename L::Real whole_sub(typename L::Real a, typename L::Real b) {
  return (typename L::Real)((typename L::Bits)a - (typename L::Bits)b);
}
template <class L>
static inline typename L::Real whole_mul(typename L::Real a, typename L::Real b) {
  return (typename L::Real)((typename L::Bits)a * (typename L::Bits)b);
}

// a * b + c, rounded twice, as the two kernels one after the other would. Three operands make eight modes: a
// number is read again for each vector, which costs nothing beside the loads that are saved.
template <class L>
static void mul_add_kernel(const typename L::Scalar* a, const typename L::Scalar* b,
                           const typename L::Scalar* c, typename L::Scalar* y, std::size_t n,
                           unsigned numbers) {
  using Real = typename L::Real;
  constexpr std::size_t w = L::kWidth;
  if (n == 0) return;
  const Real a0 = all_lanes<Real>(*a), b0 = all_lanes<Real>(*b), c0 = all_lanes<Real>(*c);
  const auto all = [&](auto take_a, auto take_b, auto take_c) {
    std::size_t i = 0;
    for (; i + w <= n; i += w) store_lanes(y + i, take_a(i) * take_b(i) + take_c(i));
    for (; i < n; ++i) {
      const typename L::Scalar product = a[numbers & 1 ? 0 : i] * b[numbers & 2 ? 0 : i];
      y[i] = product + c[numbers & 4 ? 0 : i];
    }
  };
  const auto va = [&](std::size_t i) { return load_lanes<Real>(a + i); };
  const auto vb = [&](std::size_t i) { return load_lanes<Real>(b + i); };
  const auto vc = [&](std::size_t i) { return load_lanes<Real>(c + i); };
  const auto na = [&](std::size_t) { return a0; };
  const auto nb = [&](std::size_t) { return b0; };
  const auto nc = [&](std::size_t) { return c0; };
  switch (numbers) {
    case 0:
      return all(va, vb, vc);
    case 1:
      return all(na, vb, vc);
    case 2:
      return all(va, nb, vc);
    case 3:
      return all(na, nb, vc);
    case 4:
      return all(va, vb, nc);
    case 5:
      return all(na, vb, nc);
    case 6:
      return all(va, nb, nc);
    default:
      return all(na, nb, nc);
  }
}

// Small whole powers are products, which cost less and err no more than the general way.
template <class L>
static void power_kernel(const typename L::Scalar* a, const typename L::Scalar* b, typename L::Scalar* y,
                         std::size_t n, Mode mode) {
  using Real = typename L::Real;
  if (mode == kScalarB && n > 0) {
    if (*b == 2) return map_lanes<L>(a, y, n, [](Real x) { return x * x; });
    if (*b == 3) return map_lanes<L>(a, y, n, [](Real x) { return x * x * x; });
    if (*b == 1) return map_lanes<L>(a, y, n, [](Real x) { return x; });
    if (*b == -1) return map_lanes<L>(a, y, n, [](Real x) { return 1 / x; });
  }
  map_two<L>(a, b, y, n, mode, [](Real u, Real v) { return pow_of(u, v); });
}

// Functions without lanes of their own, one element after another.
template <class T, T (*kFunction)(T, T)>
static void each_two(const T* a, const T* b, T* y, std::size_t n, Mode mode) {
  const std::size_t step_a = mode & kScalarA ? 0 : 1, step_b = mode & kScalarB ? 0 : 1;
  for (std::size_t i = 0; i < n; ++i) y[i] = kFunction(a[i * step_a], b[i * step_b]);
}
template <class T>
static inline T whole_mod(T a, T b) {
  if (b == 0 || b == -1) return 0;  // a % -1 overflows for the least a
  const T r = static_cast<T>(a % b);
  return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(r + b) : r;
}
template <class T>
static inline T whole_power(T base, T exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    if (base == -1) return exponent % 2 == 0 ? 1 : -1;
    return 0;
  }
  std::uint64_t result = 1,
                square = static_cast<std::uint64_t>(base);  // wraps; the low half is right for 32 bits too
  for (; exponent > 0; exponent = static_cast<T>(exponent >> 1), square *= square) {
    if (exponent & 1) result *= square;
  }
  return static_cast<T>(result);
}
static inline float real_mod(float a, float b) {
  const float r = __builtin_fmodf(a, b);
  if (r == 0) return __builtin_copysignf(0.0F, b);
  return (r < 0) != (b < 0) ? r + b : r;
}
static inline double real_mod(double a, double b) {
  const double r = __builtin_fmod(a, b);
  if (r == 0) return __builtin_copysign(0.0, b);
  return (r < 0) != (b < 0) ? r + b : r;
}

template <class L>
static inline typename L::Real neg_of(typename L::Real x) {
  return (typename L::Real)((typename L::Bits)x ^ L::kSign);
}
template <class L>
static inline typename L::Real abs_of(typename L::Real x) {
  return magnitude<L>(x);
}
template <class L>
static inline typename L::Real sign_of(typename L::Real x) {
  using Real = typename L::Real;
  const Real one = all_lanes<Real>(typename L::Scalar{1});
  return x != x ? x : x > 0 ? one : x < 0 ? -one : Real{};
}
template <class L>
static inline typename L::Real square_of(typename L::Real x) {
  return x * x;
}
template <class L>
static inline typename L::Real sqrt_of(typename L::Real x) {
  return root_lanes(x);
}
template <class L>
static inline typename L::Real rsqrt_of(typename L::Real x) {
  return 1 / root_lanes(x);
}
template <class L>
static inline typename L::Real reciprocal_of(typename L::Real x) {
  return 1 / x;
}
template <class L>
static inline typename L::Real round_of(typename L::Real x) {
  return round_lanes(x);
}
// The sign of x is kept, so that a zero has it.
template <class L>
static inline typename L::Real floor_of(typename L::Real x) {
  const typename L::Real r = round_lanes(x), y = r > x ? r - 1 : r;
  return with_sign<L>(magnitude<L>(y), sign_bits<L>(x));
}
template <class L>
static inline typename L::Real ceil_of(typename L::Real x) {
  const typename L::Real r = round_lanes(x), y = r < x ? r + 1 : r;
  return with_sign<L>(magnitude<L>(y), sign_bits<L>(x));
}
template <class L>
static inline typename L::Real relu_of(typename L::Real x) {
  return x < 0 ? typename L::Real{} : x;
}
template <class L>
static inline typename L::Real copy_of(typename L::Real x) {
  return x;
}
template <class L>
static inline typename L::Real whole_neg(typename L::Real x) {
  return (typename L::Real)(-(typename L::Bits)x);
}
template <class L>
static inline typename L::Real whole_abs(typename L::Real x) {
  return x < 0 ? whole_neg<L>(x) : x;
}
template <class L>
static inline typename L::Real whole_sign(typename L::Real x) {
  return (x < 0) - (x > 0);
}
template <class L>
static inline typename L::Real whole_square(typename L::Real x) {
  return whole_mul<L>(x, x);
}

// Comparisons and tests: a lane of 0 or -1 becomes a byte of 0 or 1.
template <class L>
static inline typename L::Bytes bytes_of(typename L::Int mask) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  if constexpr (sizeof(mask[0]) == 4) {  // the compiler's own narrowing takes three times as long
    const __m256i wide = (__m256i)mask;
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    const long long bytes = _mm_cvtsi128_si64(_mm_packs_epi16(words, words)) & 0x0101010101010101LL;
    return (typename L::Bytes)bytes;
  }
#endif
  return __builtin_convertvector(mask, typename L::Bytes) & 1;
}
template <class L, int kCode>
static void compare_kernel(const typename L::Scalar* a, const typename L::Scalar* b, std::uint8_t* y,
                           std::size_t n, Mode mode) {
  map_two<L>(a, b, y, n, mode, [](typename L::Real u, typename L::Real v) {
    if constexpr (kCode == compare::equal) return bytes_of<L>(u == v);
    if constexpr (kCode == compare::not_equal) return bytes_of<L>(u != v);
    if constexpr (kCode == compare::less) return bytes_of<L>(u < v);
    if constexpr (kCode == compare::less_equal) return bytes_of<L>(u <= v);
    if constexpr (kCode == compare::greater) return bytes_of<L>(u > v);
    if constexpr (kCode == compare::greater_equal) return bytes_of<L>(u >= v);
  });
}
template <int kCode>
static void compare_bytes(const std::uint8_t* a, const std::uint8_t* b, std::uint8_t* y, std::size_t n,
                          Mode mode) {
  const std::size_t step_a = mode & kScalarA ? 0 : 1, step_b = mode & kScalarB ? 0 : 1;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t u = a[i * step_a], v = b[i * step_b];
    y[i] = kCode == compare::equal        ? u == v
           : kCode == compare::not_equal  ? u != v
           : kCode == compare::less       ? u < v
           : kCode == compare::less_equal ? u <= v
           : kCode == compare::greater    ? u > v
                                          : u >= v;
  }
}
template <int kCode>
static void logical_kernel(const std::uint8_t* a, const std::uint8_t* b, std::uint8_t* y, std::size_t n,
                           Mode mode) {
  const std::size_t step_a = mode & kScalarA ? 0 : 1, step_b = mode & kScalarB ? 0 : 1;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t u = a[i * step_a], v = b[i * step_b];
    y[i] = kCode == logical::both ? u & v : kCode == logical::either ? u | v : u ^ v;
  }
}
static void logical_not(const std::uint8_t* x, std::uint8_t* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = x[i] ^ 1;
}
template <class L>
static void isfinite_kernel(const typename L::Scalar* x, std::uint8_t* y, std::size_t n) {
  map_two<L>(x, x, y, n, kVectors, [](typename L::Real u, typename L::Real) {
    return bytes_of<L>(((typename L::Bits)u & L::kInfinity) != L::kInfinity);
  });
}

template <class T>
static void select_kernel(const std::uint8_t* mask, const void* a, const void* b, void* y, std::size_t n,
                          Mode mode) {
  const T* from_a = static_cast<const T*>(a);
  const T* from_b = static_cast<const T*>(b);
  T* to = static_cast<T*>(y);
  if (n == 0) return;
  const T a0 = *from_a, b0 = *from_b;
  switch (mode) {
    case kVectors:
      for (std::size_t i = 0; i < n; ++i) to[i] = mask[i] ? from_a[i] : from_b[i];
      break;
    case kScalarA:
      for (std::size_t i = 0; i < n; ++i) to[i] = mask[i] ? a0 : from_b[i];
      break;
    case kScalarB:
      for (std::size_t i = 0; i < n; ++i) to[i] = mask[i] ? from_a[i] : b0;
      break;
    case kScalars:
      for (std::size_t i = 0; i < n; ++i) to[i] = mask[i] ? a0 : b0;
      break;
  }
}

template <class To, class From>
static inline To cast_one(From x) {
  constexpr bool from_real = From(0.5) != From(0), to_real = To(0.5) != To(0);
  if constexpr (from_real && !to_real) {
    // 2^(bits - 1) is exact in either precision.
    constexpr From end = sizeof(To) == 8 ? From(9223372036854775808.0) : From(2147483648.0);
    constexpr To least = static_cast<To>(sizeof(To) == 8 ? INT64_MIN : INT32_MIN);
    if (x >= end) return static_cast<To>(~least);
    if (x < -end) return least;
    return x == x ? static_cast<To>(x) : To(0);
  } else {
    return static_cast<To>(x);
  }
}
template <class From, class To>
static void cast_kernel(const void* x, void* y, std::size_t n) {
  const From* from = static_cast<const From*>(x);
  To* to = static_cast<To*>(y);
  for (std::size_t i = 0; i < n; ++i) {
    if constexpr (sizeof(To) == 1) {
      to[i] = from[i] != 0;
    } else {
      to[i] = cast_one<To>(from[i]);
    }
  }
}
