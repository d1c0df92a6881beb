// log, log1p and softplus of one vector: x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), s = f / (2 + f),
// as in random/log.hpp; log(1 + f) = 2 s + s z L(z), z = s^2, with a minimax L (Remez).
template <class L>
struct LogTerms;
template <>
struct LogTerms<Single> {
  static constexpr float kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  static constexpr std::uint32_t kHalfRoot = 0x3F3504F3;
  static constexpr float kLeastNormal = 0x1p-126F, kLift = 0x1p24F;
  static constexpr std::uint32_t kLiftBits = 24;
  static constexpr float kLog[] = {0.666666627F, 0.400003374F, 0.285372406F, 0.235835388F};
};
template <>
struct LogTerms<Double> {
  static constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  static constexpr std::uint64_t kHalfRoot = 0x3FE6A09E667F3BCD;
  static constexpr double kLeastNormal = 0x1p-1022, kLift = 0x1p54;
  static constexpr std::uint64_t kLiftBits = 54;
  static constexpr double kLog[] = {0.66666666666667351, 0.39999999999411379, 0.28571428743208721,
                                    0.22222198480775526, 0.1818356952137585,  0.15313908201381266,
                                    0.14797463390056559};
};

// A whole number below 2^52 (2^31 for floats).
static inline F32 real_of(U32 number) {
  return __builtin_convertvector((I32)number, F32);
}
static inline F64 real_of(U64 number) {
  return (F64)(number | 0x4330000000000000ULL) - 0x1p52;
}

// k and f of a positive normal x whose exponent was lifted before.
template <class L>
struct LogParts {
  typename L::Real k, f;
};
template <class L>
static inline LogParts<L> log_parts(typename L::Real x, typename L::Bits lift) {
  using Bits = typename L::Bits;
  using Real = typename L::Real;
  constexpr typename L::Scalar offset = 2 * L::kBias;
  const Bits shifted = (Bits)x - LogTerms<L>::kHalfRoot;
  const Bits fraction = shifted & ((decltype(L::kSign){1} << L::kFractionBits) - 1);
  const Bits exponent = (Bits)((typename L::Int)shifted >> L::kFractionBits);
  return {real_of(exponent - lift + 2 * L::kBias) - offset, (Real)(fraction + LogTerms<L>::kHalfRoot) - 1};
}
// k log(2) + log(1 + f) + c
template <class L, bool kFused = true>
static inline typename L::Real log_join(typename L::Real k, typename L::Real f, typename L::Real c) {
  using Real = typename L::Real;
  using K = LogTerms<L>;
  const Real s = f / (f + 2), z = s * s, half = f * f * typename L::Scalar(0.5);
  const Real rest = z * polynomial<kFused>(z, K::kLog) + half;
  const Real small = fused_if<kFused>(s, rest, fused_if<kFused>(k, all_lanes<Real>(K::kLn2Low), c));
  return fused_if<kFused>(k, all_lanes<Real>(K::kLn2High), f - (half - small));
}
template <class L>
static inline typename L::Real log_of(typename L::Real x) {
  using Real = typename L::Real;
  using Bits = typename L::Bits;
  using K = LogTerms<L>;
  const Real inf = all_lanes<Real>(static_cast<typename L::Scalar>(__builtin_inff()));
  const auto tiny = x < K::kLeastNormal;
  const LogParts<L> parts = log_parts<L>(tiny ? x * K::kLift : x, (Bits)tiny & K::kLiftBits);
  const Real y = x < inf ? log_join<L>(parts.k, parts.f, Real{}) : x;
  return x <= 0 ? (x == 0 ? -inf : inf - inf) : y;
}
template <class L>
static inline typename L::Real log1p_of(typename L::Real x) {
  using Real = typename L::Real;
  const Real inf = all_lanes<Real>(static_cast<typename L::Scalar>(__builtin_inff()));
  const Real u = 1 + x, lost = x > 1 ? 1 - (u - x) : x - (u - 1);  // 1 + x = u + lost, exactly
  const LogParts<L> parts = log_parts<L>(u, typename L::Bits{});
  const auto near = parts.k == 0;
  const Real y = log_join<L>(parts.k, near ? x : parts.f, near ? Real{} : lost / u);
  const Real finite = x < inf ? with_sign<L>(magnitude<L>(y), sign_bits<L>(x)) : x;
  return x <= -1 ? (x == -1 ? -inf : inf - inf) : finite;
}
// log(1 + e^x) = max(x, 0) + log1p(e^-|x|), in two passes over a tile: one long chain of operations would
// leave the processor waiting.
template <class L>
static void softplus_kernel(const typename L::Scalar* x, typename L::Scalar* y, std::size_t n) {
  using Scalar = typename L::Scalar;
  using Real = typename L::Real;
  constexpr std::size_t kTile = 256;
  Scalar tail[kTile];
  for (std::size_t i = 0; i < n; i += kTile) {
    const std::size_t size = n - i < kTile ? n - i : kTile;
    map_lanes<L>(x + i, tail, size, [](Real v) { return exp_of<L>(-magnitude<L>(v)); });
    map_two<L>(x + i, tail, y + i, size, kVectors,
               [](Real v, Real e) { return log1p_of<L>(e) + (v > 0 ? v : Real{}); });
  }
}
