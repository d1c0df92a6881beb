// exp, expm1, tanh, sigmoid and silu of one vector. e^x = 2^n e^r with |r| <= log(2) / 2, n taken off in two
// parts so that the products are exact; polynomials are minimax fits (Remez), their errors below half a unit
// of the last place.
template <class L>
struct ExpTerms;
template <>
struct ExpTerms<Single> {
  static constexpr float kLog2E = 1.44269504F, kRound = 0x1.8p23F;
  static constexpr float kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  static constexpr float kLeast = -130.0F, kMost = 89.0F;          // x e^x is 0 below, e^x infinite above
  static constexpr float kLeastLess1 = -20.0F, kMostTanh = 12.0F;  // expm1 is -1 below; tanh is 1 above
  // (e^r - 1 - r) / r^2, with the error relative to e^r, then to e^r - 1
  static constexpr float kExp[] = {0.49999994F, 0.166665211F, 0.0416683853F, 0.00836871751F, 0.00138146849F};
  static constexpr float kExpTwice[] = {4 * kExp[0], 8 * kExp[1], 16 * kExp[2], 32 * kExp[3], 64 * kExp[4]};
  static constexpr float kNormal = 87.0F;  // e^x and e^-x are normal below
  static constexpr float kExpLess1[] = {0.5F,           0.166666672F,   0.041666355F,
                                        0.00833327323F, 0.00139410084F, 0.000199142407F};
  // (tanh(x) / x - 1) / x^2 in x^2, for x below kTanhNear
  static constexpr float kTanhNear = 0.625F;
  static constexpr float kTanh[] = {-0.333333313F, 0.133332089F,    -0.0539471321F,
                                    0.0217025504F, -0.00818159897F, 0.0021465139F};
};
template <>
struct ExpTerms<Double> {
  static constexpr double kLog2E = 1.4426950408889634, kRound = 0x1.8p52;
  static constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kNormal = 708.0;
  static constexpr double kLeast = -800.0, kMost = 710.0;
  static constexpr double kLeastLess1 = -45.0, kMostTanh = 24.0;
  static constexpr double kExp[] = {0.50000000000000144,    0.16666666666666402,    0.041666666666503017,
                                    0.0083333333334945133,  0.0013888888949522831,  0.00019841269516243404,
                                    2.4801487825652108e-05, 2.7557571648383174e-06, 2.7631919323499559e-07,
                                    2.5006137946174243e-08};
  static constexpr double kExpLess1[] = {0.5,
                                         0.16666666666666677,
                                         0.041666666666666699,
                                         0.0083333333333216169,
                                         0.0013888888888866969,
                                         0.00019841269886157896,
                                         2.4801587360345967e-05,
                                         2.7557244182373187e-06,
                                         2.7557242909126663e-07,
                                         2.5109044797902757e-08,
                                         2.0924404342700072e-09};
  static constexpr double kTanhNear = 0.3;
  static constexpr double kTanh[] = {-0.33333333333333259,   0.13333333333306888,    -0.053968253935579136,
                                     0.021869486582047959,   -0.0088631707722589062, 0.0035908736817091232,
                                     -0.0014416519456499049, 0.00050244098230876086};
};

// a * b + c; without kFused two roundings at every level.
template <bool kFused, class V>
static inline V fused_if(V a, V b, V c) {
  if constexpr (kFused) return fused(a, b, c);
  return a * b + c;
}
// c[0] + x (c[1] + x (...)); long ones as two chains in x^2.
template <bool kFused = true, class V, class T, std::size_t kCount>
static inline V polynomial(V x, const T (&c)[kCount]) {
  if constexpr (kCount < 8) {
    V y = all_lanes<V>(c[kCount - 1]);
    for (std::size_t k = kCount - 1; k-- > 0;) y = fused_if<kFused>(y, x, all_lanes<V>(c[k]));
    return y;
  } else {
    const V z = x * x;
    constexpr std::size_t even = (kCount - 1) / 2 * 2, odd = kCount / 2 * 2 - 1;
    V p = all_lanes<V>(c[even]), q = all_lanes<V>(c[odd]);
    for (std::size_t k = even; k > 0; k -= 2) p = fused_if<kFused>(p, z, all_lanes<V>(c[k - 2]));
    for (std::size_t k = odd; k > 1; k -= 2) q = fused_if<kFused>(q, z, all_lanes<V>(c[k - 2]));
    return fused_if<kFused>(q, x, p);
  }
}

// The same with short chains, x2 = x x at hand.
template <class V, class T, std::size_t kCount>
static inline V polynomial_with(V x, V x2, const T (&c)[kCount]) {
  if constexpr (kCount != 5) {
    return polynomial(x, c);
  } else {
    const V low = fused(x, all_lanes<V>(c[1]), all_lanes<V>(c[0]));
    const V middle = fused(x, all_lanes<V>(c[3]), all_lanes<V>(c[2]));
    return fused(x2, fused(x2, all_lanes<V>(c[4]), middle), low);
  }
}

// e^x = value * 2^n for x whose 2^n has an exponent; n in the low bits of `shifted`.
template <class L>
struct ExpCore {
  typename L::Real value;
  typename L::Bits shifted;
};
template <class L>
static inline ExpCore<L> exp_core(typename L::Real x) {
  using Real = typename L::Real;
  using K = ExpTerms<L>;
  const Real round = all_lanes<Real>(K::kRound);
  const Real shifted = fused(x, all_lanes<Real>(K::kLog2E), round), n = shifted - round;
  const Real r = fused(n, all_lanes<Real>(-K::kLn2Low), fused(n, all_lanes<Real>(-K::kLn2High), x));
  const Real r2 = r * r;
  return {1 + fused(r2, polynomial_with(r, r2, K::kExp), r), (typename L::Bits)shifted};
}

// e^x = (value * first) * second; the scales are powers of two whose product may leave the range of numbers.
template <class L>
struct ExpParts {
  typename L::Real value, first, second;
};
template <class L>
static inline ExpParts<L> exp_parts(typename L::Real x) {
  using Real = typename L::Real;
  using Bits = typename L::Bits;
  using K = ExpTerms<L>;
  x = upper_of(all_lanes<Real>(K::kLeast), lower_of(all_lanes<Real>(K::kMost), x));  // a NaN stays
  const ExpCore<L> core = exp_core<L>(x);
  const Bits round = (Bits)all_lanes<Real>(K::kRound);
  const Bits exponent = core.shifted - round + 2 * L::kBias, half = exponent >> 1;
  return {core.value, (Real)(half << L::kFractionBits), (Real)((exponent - half) << L::kFractionBits)};
}
template <class L>
static inline typename L::Real exp_of(typename L::Real x) {
  const ExpParts<L> e = exp_parts<L>(x);
  return e.value * e.first * e.second;
}
// Where every e^x of a block is a normal number, n is added to the exponent: the same bits for less work.
template <class L>
static void exp_kernel(const typename L::Scalar* x, typename L::Scalar* y, std::size_t n) {
  using Real = typename L::Real;
  using Bits = typename L::Bits;
  constexpr std::size_t w = L::kWidth;
  const Real limit = all_lanes<Real>(ExpTerms<L>::kNormal);
  std::size_t i = 0;
  for (; i + kAtOnce * w <= n; i += kAtOnce * w) {
    Real v[kAtOnce];
    typename L::Int outside = {};
    for (std::size_t k = 0; k < kAtOnce; ++k) {
      v[k] = load_lanes<Real>(x + i + k * w);
      outside |= ~(magnitude<L>(v[k]) < limit);  // a NaN is outside
    }
    if (any_lane(outside)) {
      for (std::size_t k = 0; k < kAtOnce; ++k) v[k] = exp_of<L>(v[k]);
    } else {
      for (std::size_t k = 0; k < kAtOnce; ++k) {
        const ExpCore<L> core = exp_core<L>(v[k]);
        v[k] = (Real)((Bits)core.value + (core.shifted << L::kFractionBits));
      }
    }
    for (std::size_t k = 0; k < kAtOnce; ++k) store_lanes(y + i + k * w, v[k]);
  }
  if (i < n) map_lanes<L>(x + i, y + i, n - i, [](Real v) { return exp_of<L>(v); });
}

// e^x - 1 for x no greater than kMost; the sign of zero is lost.
template <class L>
static inline typename L::Real exp_less_1(typename L::Real x) {
  using Real = typename L::Real;
  using Bits = typename L::Bits;
  using K = ExpTerms<L>;
  const Real round = all_lanes<Real>(K::kRound), half = all_lanes<Real>(typename L::Scalar(0.5));
  const Real shifted = fused(x, all_lanes<Real>(K::kLog2E), round), n = shifted - round;
  const Real high = fused(n, all_lanes<Real>(-K::kLn2High), x), low = n * K::kLn2Low, r = high - low;
  const Real lost = (high - r) - low;
  const Real p = r + fused(r * r, polynomial(r, K::kExpLess1), lost);
  const Real scale = (Real)(((Bits)shifted - (Bits)round + (L::kBias - 1)) << L::kFractionBits);  // 2^(n - 1)
  const Real y = fused(scale, p, scale - half);
  return n == 0 ? p : y + y;
}
template <class L>
static inline typename L::Real expm1_of(typename L::Real x) {
  using Real = typename L::Real;
  using K = ExpTerms<L>;
  const Real inside = upper_of(all_lanes<Real>(K::kLeastLess1), lower_of(all_lanes<Real>(K::kMost), x));
  return with_sign<L>(magnitude<L>(exp_less_1<L>(inside)), sign_bits<L>(x));
}

// A polynomial near 0, beyond it t / (t + 2) of t = e^(2 |x|) - 1 or, where float is as near as that,
// 1 - 2 / (e^(2 |x|) + 1).
template <class L>
static inline typename L::Real tanh_of(typename L::Real x) {
  using Real = typename L::Real;
  using K = ExpTerms<L>;
  const Real size = lower_of(all_lanes<Real>(K::kMostTanh), magnitude<L>(x));
  const Real z = size * size;
  Real far;
  if constexpr (sizeof(typename L::Scalar) == 4) {
    // half r as in exp_core, the factor 2 in the terms
    const Real round = all_lanes<Real>(K::kRound), one = all_lanes<Real>(1.0F);
    const Real shifted = fused(size, all_lanes<Real>(2 * K::kLog2E), round), n = shifted - round;
    const Real r =
        fused(n, all_lanes<Real>(K::kLn2Low / -2), fused(n, all_lanes<Real>(K::kLn2High / -2), size));
    const Real r2 = r * r;
    const Real value = fused(r, fused(r, polynomial_with(r, r2, K::kExpTwice), all_lanes<Real>(2.0F)), one);
    const Real scale = (Real)(((typename L::Bits)shifted << L::kFractionBits) + L::kOne);
    far = one - 2.0F / fused(value, scale, one);
  } else {
    const Real t = exp_less_1<L>(size + size);
    far = t / (t + 2);
  }
  const Real y = size < K::kTanhNear ? fused(size * z, polynomial(z, K::kTanh), size) : far;
  return with_sign<L>(y, sign_bits<L>(x));
}

// 1 / (1 + e^-x) without an overflow: with e = e^-|x|, 1 / (1 + e) or e / (1 + e).
template <class L>
static inline typename L::Real sigmoid_of(typename L::Real x) {
  using Real = typename L::Real;
  const Real e = exp_of<L>(-magnitude<L>(x)), one = all_lanes<Real>(typename L::Scalar(1));
  const Real y = (x < 0 ? e : one) / (1 + e);
  // e - e (e / (1 + e)): the same with less rounding where e is small
  return ((x < 0) & (e < typename L::Scalar(0.5))) != 0 ? fused(-e, y, e) : y;
}
// x sigmoid(x). The scales come last, so that a tiny e loses no digits before it meets a large x.
template <class L>
static inline typename L::Real silu_of(typename L::Real x) {
  using Real = typename L::Real;
  const ExpParts<L> e = exp_parts<L>(-magnitude<L>(x));
  const Real low = upper_of(all_lanes<Real>(2 * ExpTerms<L>::kLeast), x);
  const Real over = 1 + e.value * e.first * e.second;
  return x < 0 ? low * (e.value * e.first) / over * e.second : x / over;
}
