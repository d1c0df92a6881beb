// One pass of an optimiser over its arrays; the laws stand in tensor_types.hpp.
template <class L, int kCode>
static void update_kernel(const UpdateArrays<typename L::Scalar>& arrays, const UpdateSettings& settings) {
  using T = typename L::Scalar;
  using Real = typename L::Real;
  constexpr bool has_s = kCode != update::sgd, has_t = kCode == update::adam;
  const auto all = [](double x) { return all_lanes<Real>(static_cast<T>(x)); };
  const Real scale = all(settings.scale), l2 = all(settings.l2),
             keep = all(1 - settings.rate * settings.decay);
  const Real beta1 = all(settings.beta1), beta2 = all(settings.beta2), epsilon = all(settings.epsilon);
  const Real rest1 = all(1 - settings.beta1), rest2 = all(1 - settings.beta2);
  const Real rate = all(kCode == update::adam ? settings.rate / settings.correction1 : settings.rate);
  const Real over2 = all(1 / settings.correction2);
  const auto step = [&](const T* p_in, const T* g_in, const T* s_in, const T* t_in, T* p_out, T* s_out,
                        T* t_out) {
    const Real old = load_lanes<Real>(p_in);
    const Real g = fused(load_lanes<Real>(g_in), scale, l2 * old), p = old * keep;
    Real s = {}, t = {}, next;
    if constexpr (has_s) s = load_lanes<Real>(s_in);
    if constexpr (has_t) t = load_lanes<Real>(t_in);
    if constexpr (kCode == update::sgd) {
      next = fused(-rate, g, p);
    } else if constexpr (kCode == update::momentum || kCode == update::nesterov) {
      s = fused(beta1, s, g);
      next = fused(-rate, kCode == update::momentum ? s : fused(beta1, s, g), p);
    } else if constexpr (kCode == update::rmsprop || kCode == update::adagrad) {
      s = kCode == update::rmsprop ? fused(beta2, s, rest2 * g * g) : fused(g, g, s);
      next = p - rate * g / (root_lanes(s) + epsilon);
    } else {
      s = fused(beta1, s, rest1 * g);
      t = fused(beta2, t, rest2 * g * g);
      next = p - rate * s / (root_lanes(t * over2) + epsilon);
    }
    store_lanes(p_out, next);
    if constexpr (has_s) store_lanes(s_out, s);
    if constexpr (has_t) store_lanes(t_out, t);
  };
  const auto& a = arrays;
  std::size_t i = 0;
  for (; i + L::kWidth <= a.n; i += L::kWidth) {
    step(a.p + i, a.g + i, has_s ? a.s + i : nullptr, has_t ? a.t + i : nullptr, a.p_out + i,
         has_s ? a.s_out + i : nullptr, has_t ? a.t_out + i : nullptr);
  }
  if (i == a.n) return;
  const std::size_t bytes = (a.n - i) * sizeof(T);
  T p[L::kWidth] = {}, g[L::kWidth] = {}, s[L::kWidth] = {}, t[L::kWidth] = {};
  __builtin_memcpy(p, a.p + i, bytes);
  __builtin_memcpy(g, a.g + i, bytes);
  if (has_s) __builtin_memcpy(s, a.s + i, bytes);
  if (has_t) __builtin_memcpy(t, a.t + i, bytes);
  step(p, g, s, t, p, s, t);
  __builtin_memcpy(a.p_out + i, p, bytes);
  if (has_s) __builtin_memcpy(a.s_out + i, s, bytes);
  if (has_t) __builtin_memcpy(a.t_out + i, t, bytes);
}
