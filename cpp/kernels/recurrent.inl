// Recurrent layers: the gates of one step.
// Gives step(j, some) vector by vector over n units.
template <class L, class F>
static inline void unit_vectors(std::size_t n, F step) {
  for (std::size_t j = 0; j < n; j += L::kWidth) step(j, n - j < L::kWidth ? n - j : L::kWidth);
}

template <class L, int kCode>
static void recurrent_forward(const CellStep<typename L::Scalar>& s) {
  using T = typename L::Scalar;
  using Real = typename L::Real;
  const std::size_t n = s.n;
  for (std::size_t row = 0; row < s.rows; ++row) {
    T* g = s.gates + row * s.ld;
    const T* h_old = s.h_old + row * n;
    T* h = s.h + row * n;
    const T* c_old = s.c_old == nullptr ? nullptr : s.c_old + row * n;
    T* c = s.c == nullptr ? nullptr : s.c + row * n;
    const auto at = [&](const T* x, std::size_t j, std::size_t some) { return part_lanes<L>(x + j, some, 0); };
    const auto sum = [&](std::size_t block, std::size_t j, std::size_t some) {
      const Real a = at(g + block * n, j, some);
      return s.bias == nullptr ? a : a + at(s.bias + block * n, j, some);
    };
    const auto keep = [&](std::size_t block, std::size_t j, Real v, std::size_t some) {
      store_part<L>(g + block * n + j, v, some);
    };
    unit_vectors<L>(n, [&](std::size_t j, std::size_t some) {
      if constexpr (kCode == cell::simple_tanh || kCode == cell::simple_relu) {
        const Real a = sum(0, j, some), y = kCode == cell::simple_tanh ? tanh_of<L>(a) : relu_of<L>(a);
        keep(0, j, y, some);
        store_part<L>(h + j, y, some);
      } else if constexpr (kCode == cell::lstm) {
        const Real old = at(c_old, j, some);
        Real ai = sum(0, j, some), af = sum(1, j, some), ao = sum(3, j, some);
        if (s.extra != nullptr) {
          ai = fused(old, at(s.extra, j, some), ai);
          af = fused(old, at(s.extra + n, j, some), af);
        }
        const Real i = sigmoid_of<L>(ai), f = sigmoid_of<L>(af), x = tanh_of<L>(sum(2, j, some));
        const Real next = fused(f, old, i * x);
        if (s.extra != nullptr) ao = fused(next, at(s.extra + 2 * n, j, some), ao);
        const Real o = sigmoid_of<L>(ao);
        keep(0, j, i, some), keep(1, j, f, some), keep(2, j, x, some), keep(3, j, o, some);
        store_part<L>(c + j, next, some);
        store_part<L>(h + j, o * tanh_of<L>(next), some);
      } else if constexpr (kCode == cell::gru_before) {
        const Real r = sigmoid_of<L>(sum(1, j, some));
        keep(0, j, sigmoid_of<L>(sum(0, j, some)), some);
        keep(1, j, r, some);
        keep(3, j, r * at(h_old, j, some), some);
      } else if constexpr (kCode == cell::gru_before_end) {
        const Real z = at(g, j, some), x = tanh_of<L>(sum(2, j, some)), old = at(h_old, j, some);
        keep(2, j, x, some);
        store_part<L>(h + j, fused(z, x - old, old), some);
      } else {
        const Real z = sigmoid_of<L>(sum(0, j, some)), r = sigmoid_of<L>(sum(1, j, some));
        const Real a = sum(2, j, some);
        keep(0, j, z, some), keep(1, j, r, some);
        if constexpr (kCode == cell::gru_after) {
          const Real x = tanh_of<L>(fused(r, at(g + 3 * n, j, some), a)), old = at(h_old, j, some);
          keep(2, j, x, some);
          store_part<L>(h + j, fused(z, x - old, old), some);
        } else {
          const Real x = tanh_of<L>(a), old = at(c_old, j, some), next = fused(z, x - old, old);
          keep(2, j, x, some);
          store_part<L>(c + j, next, some);
          store_part<L>(h + j, r * next, some);
        }
      }
    });
    if (kCode != cell::gru_before && s.active != nullptr && s.active[row] == 0) {
      __builtin_memcpy(h, h_old, n * sizeof(T));
      if (c != nullptr) __builtin_memcpy(c, c_old, n * sizeof(T));
    }
  }
}

template <class L, int kCode>
static void recurrent_backward(const CellStepBackward<typename L::Scalar>& s) {
  using T = typename L::Scalar;
  using Real = typename L::Real;
  const std::size_t n = s.n;
  for (std::size_t row = 0; row < s.rows; ++row) {
    const T *g = s.gates + row * s.ld, *dh = s.dh + row * n, *h_old = s.h_old + row * n, *h = s.h + row * n;
    const T *c_old = s.c_old == nullptr ? nullptr : s.c_old + row * n, *c = s.c == nullptr ? nullptr : s.c + row * n;
    T *da = s.da + row * s.ld_da, *carry = s.carry + row * n, *dc = s.dc == nullptr ? nullptr : s.dc + row * n;
    const auto at = [&](const T* x, std::size_t j, std::size_t some) { return part_lanes<L>(x + j, some, 0); };
    const auto give = [&](std::size_t block, std::size_t j, Real v, std::size_t some) {
      store_part<L>(da + block * n + j, v, some);
    };
    if (s.active != nullptr && s.active[row] == 0) {
      if (kCode == cell::gru_before_end) continue;
      __builtin_memset(da, 0, s.ld_da * sizeof(T));
      __builtin_memcpy(carry, dh, n * sizeof(T));
      continue;
    }
    unit_vectors<L>(n, [&](std::size_t j, std::size_t some) {
      const Real d = at(dh, j, some);
      Real direct = {};
      if constexpr (kCode == cell::simple_tanh || kCode == cell::simple_relu) {
        const Real y = at(h, j, some);
        if constexpr (kCode == cell::simple_tanh) {
          give(0, j, d * (1 - y * y), some);
        } else {
          give(0, j, y > 0 ? d : direct, some);
        }
      } else if constexpr (kCode == cell::lstm) {
        const Real i = at(g, j, some), f = at(g + n, j, some), x = at(g + 2 * n, j, some),
                   o = at(g + 3 * n, j, some), seen = tanh_of<L>(at(c, j, some)), old = at(c_old, j, some);
        const Real ao = d * seen * (o * (1 - o));
        Real e = fused(d * o, 1 - seen * seen, at(dc, j, some));
        if (s.extra != nullptr) e = fused(ao, at(s.extra + 2 * n, j, some), e);
        const Real ai = e * x * (i * (1 - i)), af = e * old * (f * (1 - f));
        give(0, j, ai, some), give(1, j, af, some), give(2, j, e * i * (1 - x * x), some), give(3, j, ao, some);
        Real back = e * f;
        if (s.extra != nullptr)
          back = fused(ai, at(s.extra, j, some), fused(af, at(s.extra + n, j, some), back));
        store_part<L>(dc + j, back, some);
      } else if constexpr (kCode == cell::gru_before_end) {
        const Real r = at(g + n, j, some), e = at(s.drh + row * n, j, some);
        give(1, j, e * at(h_old, j, some) * (r * (1 - r)), some);
        store_part<L>(carry + j, fused(e, r, at(carry, j, some)), some);
        return;
      } else {
        const Real z = at(g, j, some), r = at(g + n, j, some), x = at(g + 2 * n, j, some);
        if constexpr (kCode == cell::gru_output) {
          const Real e = fused(d, r, at(dc, j, some)), old = at(c_old, j, some);
          give(0, j, e * (x - old) * (z * (1 - z)), some);
          give(1, j, d * at(c, j, some) * (r * (1 - r)), some);
          give(2, j, e * z * (1 - x * x), some);
          store_part<L>(dc + j, e * (1 - z), some);
        } else {
          const Real ax = d * z * (1 - x * x), old = at(h_old, j, some);
          give(0, j, d * (x - old) * (z * (1 - z)), some);
          direct = d * (1 - z);
          if constexpr (kCode == cell::gru_after) {
            give(1, j, ax * at(g + 3 * n, j, some) * (r * (1 - r)), some);
            give(2, j, ax * r, some);
            give(3, j, ax, some);
          } else {
            give(2, j, ax, some);
          }
        }
      }
      store_part<L>(carry + j, direct, some);
    });
  }
}

template <class L, class F, class G>
static constexpr void set_recurrent(F* forward, G* backward) {
  forward[cell::simple_tanh] = recurrent_forward<L, cell::simple_tanh>;
  forward[cell::simple_relu] = recurrent_forward<L, cell::simple_relu>;
  forward[cell::lstm] = recurrent_forward<L, cell::lstm>;
  forward[cell::gru_after] = recurrent_forward<L, cell::gru_after>;
  forward[cell::gru_before] = recurrent_forward<L, cell::gru_before>;
  forward[cell::gru_output] = recurrent_forward<L, cell::gru_output>;
  forward[cell::gru_before_end] = recurrent_forward<L, cell::gru_before_end>;
  backward[cell::simple_tanh] = recurrent_backward<L, cell::simple_tanh>;
  backward[cell::simple_relu] = recurrent_backward<L, cell::simple_relu>;
  backward[cell::lstm] = recurrent_backward<L, cell::lstm>;
  backward[cell::gru_after] = recurrent_backward<L, cell::gru_after>;
  backward[cell::gru_before] = recurrent_backward<L, cell::gru_before>;
  backward[cell::gru_output] = recurrent_backward<L, cell::gru_output>;
  backward[cell::gru_before_end] = recurrent_backward<L, cell::gru_before_end>;
}
static constexpr void set_recurrent_kernels(Table& t) {
  set_recurrent<Single>(t.recurrent_forward_f32, t.recurrent_backward_f32);
  set_recurrent<Double>(t.recurrent_forward_f64, t.recurrent_backward_f64);
}
