template <class L, class F>
static inline typename L::Real each_lane(typename L::Real x, F f) {
  for (std::size_t i = 0; i < L::kWidth; ++i) x[i] = f(x[i]);
  return x;
}
#define STOCHOS_PLAIN(name, f32, f64)                          \
  static inline F32 name(F32 x) {                              \
    return each_lane<Single>(x, [](float v) { return f32; });  \
  }                                                            \
  static inline F64 name(F64 x) {                              \
    return each_lane<Double>(x, [](double v) { return f64; }); \
  }
STOCHOS_PLAIN(exp_lanes, __builtin_expf(v), __builtin_exp(v))
STOCHOS_PLAIN(expm1_lanes, __builtin_expm1f(v), __builtin_expm1(v))
STOCHOS_PLAIN(log_lanes, __builtin_logf(v), __builtin_log(v))
STOCHOS_PLAIN(log1p_lanes, __builtin_log1pf(v), __builtin_log1p(v))
STOCHOS_PLAIN(tanh_lanes, __builtin_tanhf(v), __builtin_tanh(v))
STOCHOS_PLAIN(sigmoid_lanes, (float)(1 / (1 + __builtin_exp(-(double)v))), 1 / (1 + __builtin_exp(-v)))
STOCHOS_PLAIN(softplus_lanes,
              (float)(v > 0 ? v + __builtin_log1p(__builtin_exp(-(double)v))
                            : __builtin_log1p(__builtin_exp(v))),
              v > 0 ? v + __builtin_log1p(__builtin_exp(-v)) : __builtin_log1p(__builtin_exp(v)))
STOCHOS_PLAIN(erf_lanes, __builtin_erff(v), __builtin_erf(v))
STOCHOS_PLAIN(sin_lanes, __builtin_sinf(v), __builtin_sin(v))
STOCHOS_PLAIN(cos_lanes, __builtin_cosf(v), __builtin_cos(v))
STOCHOS_PLAIN(floor_lanes, __builtin_floorf(v), __builtin_floor(v))
STOCHOS_PLAIN(ceil_lanes, __builtin_ceilf(v), __builtin_ceil(v))
STOCHOS_PLAIN(round_lanes, __builtin_rintf(v), __builtin_rint(v))
STOCHOS_PLAIN(silu_lanes, (float)(v / (1 + __builtin_exp(-(double)v))), v / (1 + __builtin_exp(-v)))
STOCHOS_PLAIN(gelu_lanes, (float)(0.5 * v * __builtin_erfc(-v * 0.70710678118654752440)),
              0.5 * v * __builtin_erfc(-v * 0.70710678118654752440))
STOCHOS_PLAIN(gelu_tanh_lanes,
              (float)(0.5 * v * (1 + __builtin_tanh(0.79788456080286535588 * (v + 0.044715 * v * v * v)))),
              0.5 * v * (1 + __builtin_tanh(0.79788456080286535588 * (v + 0.044715 * v * v * v))))
#undef STOCHOS_PLAIN
static inline F32 pow_lanes(F32 a, F32 b) {
  for (std::size_t i = 0; i < Single::kWidth; ++i) a[i] = __builtin_powf(a[i], b[i]);
  return a;
}
static inline F64 pow_lanes(F64 a, F64 b) {
  for (std::size_t i = 0; i < Double::kWidth; ++i) a[i] = __builtin_pow(a[i], b[i]);
  return a;
}
