// sin and cos of one vector: the nearest multiple n of pi / 2 is taken off in parts whose products with n are
// exact, the quadrant picks a polynomial (minimax, Remez) and the sign. Arguments beyond kCircleMost, and
// those too near to a multiple for the parts, go one by one to the C library.
template <class L>
struct CircleTerms;
template <>
struct CircleTerms<Single> {
  static constexpr float kSin[] = {-0.166666552F, 0.00833217334F, -0.000195166635F};
  static constexpr float kCos[] = {0.0416666456F, -0.00138873619F, 2.44377916e-05F};
};
template <>
struct CircleTerms<Double> {
  static constexpr double kSin[] = {-0.16666666666666632,  0.008333333333322316,    -0.00019841269829726395,
                                    2.755731366242668e-06, -2.5050753316012846e-08, 1.5896507596224835e-10};
  static constexpr double kCos[] = {0.041666666666666602,    -0.001388888888887399, 2.4801587289394703e-05,
                                    -2.7557314325961135e-07, 2.08757195486793e-09,  -1.1359448137323292e-11};
};
inline constexpr double kTwoOverPi = 0.63661977236758134308;
inline constexpr double kHalfPi1 = 0x1.921FB544p+0,
                        kHalfPi1Rest = 6.07710050650619224932e-11;  // 33 bits and the rest
inline constexpr double kHalfPi2 = 6.0771005063039660e-11,
                        kHalfPi2Rest = 2.0222662487959506e-21;  // 33 of the rest
inline constexpr float kCircleMost = 0x1p19F;

template <class L, bool kFused = true>
static inline typename L::Real sin_near(typename L::Real r) {
  const typename L::Real z = r * r;
  return fused_if<kFused>(r * z, polynomial<kFused>(z, CircleTerms<L>::kSin), r);
}
template <class L, bool kFused = true>
static inline typename L::Real cos_near(typename L::Real r) {
  const typename L::Real z = r * r;
  return 1 - (z * typename L::Scalar(0.5) - z * z * polynomial<kFused>(z, CircleTerms<L>::kCos));
}
// sin (kShift 0) or cos (1) of r + quadrant pi / 2
template <class L, int kShift, bool kFused = true>
static inline typename L::Real circle_join(typename L::Real r, typename L::Bits quadrant) {
  using Bits = typename L::Bits;
  const Bits turned = quadrant + kShift;
  const typename L::Real y = (turned & 1) != 0 ? cos_near<L, kFused>(r) : sin_near<L, kFused>(r);
  return (typename L::Real)((Bits)y ^ ((turned & 2) << (sizeof(typename L::Scalar) * 8 - 2)));
}

template <int kShift>
static inline F32 circle_of(F32 x) {
  const F32 size = magnitude<Single>(x);
  const Halves wide = widen(size);
  const F64 round = all_lanes<F64>(0x1.8p52);
  const F64 shifted1 = fused(wide.front, all_lanes<F64>(kTwoOverPi), round);
  const F64 shifted2 = fused(wide.back, all_lanes<F64>(kTwoOverPi), round);
  const F64 n1 = shifted1 - round, n2 = shifted2 - round;
  const F64 r1 = fused(n1, all_lanes<F64>(-kHalfPi1Rest), fused(n1, all_lanes<F64>(-kHalfPi1), wide.front));
  const F64 r2 = fused(n2, all_lanes<F64>(-kHalfPi1Rest), fused(n2, all_lanes<F64>(-kHalfPi1), wide.back));
  F32 y = circle_join<Single, kShift>(narrow(r1, r2), (U32) __builtin_convertvector(narrow(n1, n2), I32));
  if (kShift == 0) y = (F32)((U32)y ^ sign_bits<Single>(x));
  const I32 far = ~(size <= kCircleMost);
  if (any_lane(far)) {
    for (std::size_t i = 0; i < Single::kWidth; ++i) {
      if (far[i]) y[i] = kShift == 0 ? __builtin_sinf(x[i]) : __builtin_cosf(x[i]);
    }
  }
  return y;
}
template <int kShift>
static inline F64 circle_of(F64 x) {
  const F64 size = magnitude<Double>(x);
  const F64 round = all_lanes<F64>(0x1.8p52);
  const F64 shifted = fused(size, all_lanes<F64>(kTwoOverPi), round), n = shifted - round;
  const F64 r1 = fused(n, all_lanes<F64>(-kHalfPi1), size);
  const F64 r = fused(n, all_lanes<F64>(-kHalfPi2Rest), fused(n, all_lanes<F64>(-kHalfPi2), r1));
  F64 y = circle_join<Double, kShift>(r, (U64)shifted);
  if (kShift == 0) y = (F64)((U64)y ^ sign_bits<Double>(x));
  const I64 far = ~(size <= double{kCircleMost}) | ((magnitude<Double>(r) < 0x1p-30) & (n != 0));
  if (any_lane(far)) {
    for (std::size_t i = 0; i < Double::kWidth; ++i) {
      if (far[i]) y[i] = kShift == 0 ? __builtin_sin(x[i]) : __builtin_cos(x[i]);
    }
  }
  return y;
}
