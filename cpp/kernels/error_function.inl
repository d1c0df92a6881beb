// erf and both forms of gelu of one vector. Near 0 erf(x) = x + x E(x^2); elsewhere erfc(x) = e^(-x^2) P(q) /
// (1 + 2x) with q = (x - 2) / (x + 2), for 0.6 <= x <= 28. E and P are minimax fits (Remez).
template <class L>
struct ErfTerms;
template <>
struct ErfTerms<Single> {
  static constexpr float kNear = 0.921875F;
  static constexpr std::uint32_t kHighBits = 0xFFFFF000;  // their squares are exact
  static constexpr float kErf[] = {0.128379166F,   -0.376126349F,    0.112837017F,   -0.0268596988F,
                                   0.00520170713F, -0.000814970175F, 8.39734275e-05F};
  static constexpr float kErfc[] = {1.27697837F,     -0.0927638263F,   -0.166030303F,  0.16405125F,
                                    -0.0542222932F,  -0.00803255383F,  0.00874264538F, 0.00125252223F,
                                    -0.00152896356F, -0.000364794891F, 0.000297342718F};
};
template <>
struct ErfTerms<Double> {
  static constexpr double kNear = 0.921875;
  static constexpr std::uint64_t kHighBits = 0xFFFFFFFFF8000000;
  static constexpr double kErf[] = {0.12837916709551259,     -0.37612638903183754,    0.11283791670955083,
                                    -0.026866170645120025,   0.0052239776252904447,   -0.00085483270112401847,
                                    0.00012055332350598034,  -1.4925628467802414e-05, 1.6461593646605944e-06,
                                    -1.6357310197248239e-07, 1.4712122639525083e-08,  -1.1597850436768317e-09,
                                    6.3804451284184639e-11};
  static constexpr double kErfc[] = {
      1.2769783815525286,      -0.092763826585746181,   -0.16603039761528585,    0.16405128003347536,
      -0.054220000992383388,   -0.0080340150841446654,  0.0087226538893319574,   0.0012713390035860484,
      -0.0014568142258856811,  -0.00045434121843239878, 0.00020637053946101697,  0.00015104064901164086,
      -1.5340759064430153e-06, -3.641718851785317e-05,  -1.3385509541212512e-05, 3.6229081518855853e-06,
      4.9525130463393948e-06,  1.8810295061284739e-06,  -3.9089843124557323e-07, -1.5908010552143351e-06,
      -1.8713171960106029e-07, 7.4532356751975988e-07,  -1.9901582433694008e-07};
};

// erfc(x) e^(x^2)
template <class L>
static inline typename L::Real erfc_scaled(typename L::Real x) {
  return polynomial((x - 2) / (x + 2), ErfTerms<L>::kErfc) /
         fused(x, all_lanes<typename L::Real>(typename L::Scalar(2)),
               all_lanes<typename L::Real>(typename L::Scalar(1)));
}
template <class L>
static inline typename L::Real erf_of(typename L::Real x) {
  using Real = typename L::Real;
  const Real size = magnitude<L>(x), square = size * size;
  const Real near = fused(size, polynomial(square, ErfTerms<L>::kErf), size);
  const Real most = lower_of(all_lanes<Real>(typename L::Scalar(28)), size);
  const Real far = 1 - exp_of<L>(-square) * erfc_scaled<L>(most);
  return with_sign<L>(size < ErfTerms<L>::kNear ? near : far, sign_bits<L>(x));
}
// x (1 + erf(x / sqrt 2)) / 2; below 0 through erfc, so that the tail keeps its digits, the square's rounding
// undone.
template <class L>
static inline typename L::Real gelu_of(typename L::Real x) {
  using Real = typename L::Real;
  using Scalar = typename L::Scalar;
  const Real size = magnitude<L>(x), u = size * Scalar(0.70710678118654752440);
  const Real near = fused(u, polynomial(u * u, ErfTerms<L>::kErf), u);
  const Real bounded = lower_of(all_lanes<Real>(Scalar(39)), size);
  const Real high = (Real)((typename L::Bits)bounded & ErfTerms<L>::kHighBits), low = bounded - high;
  const Real square = bounded * bounded, lost = ((high * high - square) + 2 * high * low) + low * low;
  ExpParts<L> e = exp_parts<L>(square * Scalar(-0.5));
  const Real tail = (e.value - e.value * lost * Scalar(0.5)) *
                    erfc_scaled<L>(bounded * Scalar(0.70710678118654752440)) * Scalar(0.5);
  const auto middle = u < Scalar(0.6);
  const Real under =
      middle ? -size * (Scalar(0.5) - Scalar(0.5) * near) : -bounded * (tail * e.first) * e.second;
  const Real over = size * (middle ? Scalar(0.5) + Scalar(0.5) * near : 1 - tail * e.first * e.second);
  return (typename L::Int)x < 0 ? under : over;
}
// x (1 + tanh(v)) / 2 = x sigmoid(2v), v = sqrt(2 / pi) (x + 0.044715 x^3): D. Hendrycks, K. Gimpel,
// "Gaussian error linear units" (2016), arXiv:1606.08415.
template <class L>
static inline typename L::Real gelu_tanh_of(typename L::Real x) {
  using Real = typename L::Real;
  using Scalar = typename L::Scalar;
  const Real size = magnitude<L>(x), low = upper_of(all_lanes<Real>(Scalar(-39)), x);
  const Real inner = fused(size * size, all_lanes<Real>(Scalar(0.044715 * 1.5957691216057308)),
                           all_lanes<Real>(Scalar(1.5957691216057308)));
  const ExpParts<L> e = exp_parts<L>(-size * inner);
  const Real over = 1 + e.value * e.first * e.second;
  return x < 0 ? low * (e.value * e.first) / over * e.second : x / over;
}

// The derivative of gelu: Phi(x) + x phi(x), the normal distribution and its density.
template <class L>
static inline typename L::Real gelu_slope_of(typename L::Real x) {
  using Real = typename L::Real;
  using Scalar = typename L::Scalar;
  const Real size = lower_of(all_lanes<Real>(Scalar(39)), magnitude<L>(x)), u = size * Scalar(0.70710678118654752440);
  const Real near = fused(u, polynomial(u * u, ErfTerms<L>::kErf), u) * Scalar(0.5);
  const Real e = exp_of<L>(size * size * Scalar(-0.5));
  const Real tail = e * erfc_scaled<L>(u) * Scalar(0.5);
  const auto middle = u < Scalar(0.6), below = (typename L::Int)x < 0;
  const Real under = middle ? Scalar(0.5) - near : tail, over = middle ? Scalar(0.5) + near : 1 - tail;
  const Real rest = size * (e * Scalar(0.39894228040143267794));
  return below ? under - rest : over + rest;
}
// That of gelu_tanh = x s(w), s the sigmoid, w = x (c + d x^2): s + x s (1 - s) w'.
template <class L>
static inline typename L::Real gelu_tanh_slope_of(typename L::Real x) {
  using Real = typename L::Real;
  using Scalar = typename L::Scalar;
  const Real size = lower_of(all_lanes<Real>(Scalar(39)), magnitude<L>(x)), square = size * size;
  const Real c = all_lanes<Real>(Scalar(1.5957691216057308)), d = all_lanes<Real>(Scalar(0.044715 * 1.5957691216057308));
  const Real e = exp_of<L>(-size * fused(square, d, c)), part = 1 / (1 + e), low = e * part;
  const Real rest = size * fused(square, 3 * d, c) * (low * part);
  return (typename L::Int)x < 0 ? low - rest : part + rest;
}
