// pow of one vector. Doubles: log2(x) and its product with y in two parts whose upper ones have 21 bits, so
// that their products are exact (the plan of FreeBSD's e_pow.c, K. C. Ng, Sun Microsystems 1993); floats go
// through doubles.
static inline F64 upper_part(F64 x) {
  return (F64)((U64)x & 0xFFFFFFFF00000000ULL);
}

// x^y of positive normal x and |y| < 2^52.
static inline F64 positive_power(F64 x, F64 y) {
  constexpr double kLog[] = {0.59999999999999964, 0.42857142857167752, 0.33333333326281278,
                             0.2727272830862455,  0.23076835077146307, 0.20004485381919856,
                             0.17512032876816466, 0.17985191415630056};
  constexpr double kTwoThirdsLog2E = 0.9617966939259756;
  constexpr double kTwoThirdsLog2EHigh = 0.9617962837219238, kTwoThirdsLog2ELow = 4.102040517767816e-07;
  const LogParts<Double> parts = log_parts<Double>(x, U64{});
  // s = f / (2 + f) in two parts; log2(1 + f) = 2 / (3 log 2) s (3 + s^2 + s^4 L(s^2))
  const F64 f = parts.f, over = 1 / (f + 2), s = f * over;
  const F64 s_high = upper_part(s), below = upper_part(f + 2), below_low = (f + 1) - (below - 1);
  const F64 s_low = over * ((f - s_high * below) - s_high * below_low);
  const F64 z = s * s, z_high = s_high * s_high;
  const F64 rest = z * z * polynomial(z, kLog) + s_low * (s_high + s);
  const F64 t_high = upper_part(3 + z_high + rest), t_low = rest - ((t_high - 3) - z_high);
  const F64 u = s_high * t_high, v = s_low * t_high + t_low * s;
  const F64 p_high = upper_part(u + v), p_low = v - (p_high - u);
  const F64 q_high = p_high * kTwoThirdsLog2EHigh,
            q_low = p_high * kTwoThirdsLog2ELow + p_low * kTwoThirdsLog2E;
  const F64 log_high = upper_part(parts.k + (q_high + q_low)),
            log_low = q_low - ((log_high - parts.k) - q_high);
  // y log2(x) in two parts, and 2 to it
  const F64 y_high = upper_part(y);
  const F64 low = (y - y_high) * log_high + y * log_low, high = y_high * log_high;
  const F64 total = high + low;
  const auto outside = ~(magnitude<Double>(total) < 1100);
  const F64 end = total > 0 ? all_lanes<F64>(1100.0) : all_lanes<F64>(-1100.0);
  const F64 first = outside ? end : high, second = outside ? F64{} : low;
  const F64 round = all_lanes<F64>(0x1.8p52);
  const F64 shifted = (first + second) + round, n = shifted - round;
  const F64 r = ((first - n) + second) * 0.69314718055994530942;
  const U64 exponent = (U64)shifted - (U64)round + 2 * Double::kBias, half = exponent >> 1;
  const F64 value = 1 + fused(r * r, polynomial(r, ExpTerms<Double>::kExp), r);
  return value * (F64)(half << 52) * (F64)((exponent - half) << 52);
}

// Whole numbers are told by their last bit; beyond 2^(fraction bits) every number is whole, and left to the C
// library.
template <class L>
static inline typename L::Int is_odd(typename L::Real y) {
  constexpr typename L::Scalar end = static_cast<typename L::Scalar>(1ULL << L::kFractionBits);
  return ((typename L::Bits)(magnitude<L>(y) + end) & 1) != 0;
}
// What the vector code is for: x normal and finite, y below the end above; a negative x only with a whole y.
template <class L>
static inline typename L::Int is_plain(typename L::Real x, typename L::Real y) {
  constexpr typename L::Scalar end = static_cast<typename L::Scalar>(1ULL << L::kFractionBits);
  const typename L::Real size = magnitude<L>(x);
  return (size >= LogTerms<L>::kLeastNormal) & (size < static_cast<typename L::Scalar>(__builtin_inff())) &
         (magnitude<L>(y) < end) & ((x > 0) | (round_lanes(y) == y));
}

static inline F64 pow_of(F64 x, F64 y) {
  F64 z = positive_power(magnitude<Double>(x), y);
  z = (F64)((U64)z ^ (sign_bits<Double>(x) & (U64)is_odd<Double>(y)));
  const I64 strange = ~is_plain<Double>(x, y);
  if (any_lane(strange)) {
    for (std::size_t i = 0; i < Double::kWidth; ++i) {
      if (strange[i]) z[i] = __builtin_pow(x[i], y[i]);
    }
  }
  return z;
}
static inline F32 pow_of(F32 x, F32 y) {
  const Halves size = widen(magnitude<Single>(x)), power = widen(y);
  const LogParts<Double> a = log_parts<Double>(size.front, U64{}), b = log_parts<Double>(size.back, U64{});
  const F64 log_front = log_join<Double>(a.k, a.f, F64{}), log_back = log_join<Double>(b.k, b.f, F64{});
  F32 z = narrow(exp_of<Double>(power.front * log_front), exp_of<Double>(power.back * log_back));
  z = (F32)((U32)z ^ (sign_bits<Single>(x) & (U32)is_odd<Single>(y)));
  const I32 strange = ~is_plain<Single>(x, y);
  if (any_lane(strange)) {
    for (std::size_t i = 0; i < Single::kWidth; ++i) {
      if (strange[i]) z[i] = __builtin_powf(x[i], y[i]);
    }
  }
  return z;
}
