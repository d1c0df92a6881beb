// Softmax and layer normalisation over rows; the laws stand in tensor_types.hpp.

// Lanes of -1 where the mask lets an element in; `n` of them at most.
template <class L>
static inline typename L::Int mask_lanes(const std::uint8_t* mask, std::size_t n) {
  std::uint8_t part[L::kWidth] = {};
  __builtin_memcpy(part, mask, n < L::kWidth ? n : L::kWidth);
  return __builtin_convertvector(load_lanes<typename L::Bytes>(part), typename L::Int) != 0;
}
// n elements at most, `rest` in the other lanes.
template <class L>
static inline typename L::Real part_lanes(const typename L::Scalar* x, std::size_t n,
                                          typename L::Scalar rest) {
  if (n >= L::kWidth) return load_lanes<typename L::Real>(x);
  const typename L::Real v = load_first<L>(x, n);
  return rest == 0 ? v : first_lanes<L>(n) ? v : all_lanes<typename L::Real>(rest);
}
template <class L>
static inline void store_part(typename L::Scalar* y, typename L::Real v, std::size_t n) {
  if (n >= L::kWidth) return store_lanes(y, v);
  store_first<L>(y, v, n);
}
template <class L>
static inline typename L::Scalar lanes_sum(typename L::Real v) {
  typename L::Scalar part[L::kWidth];
  store_lanes(part, v);
  for (std::size_t half = L::kWidth / 2; half > 0; half /= 2) {
    for (std::size_t k = 0; k < half; ++k) part[k] += part[k + half];
  }
  return part[0];
}
template <class L>
static inline typename L::Scalar lanes_max(typename L::Real v) {
  typename L::Scalar part[L::kWidth];
  store_lanes(part, v);
  for (std::size_t half = L::kWidth / 2; half > 0; half /= 2) {
    for (std::size_t k = 0; k < half; ++k) part[k] = part[k] > part[k + half] ? part[k] : part[k + half];
  }
  return part[0];
}

// f(place, elements, how many) for each vector of a row; what the mask leaves out and the lanes past the end
// are -inf.
template <class L, class F>
static inline void masked_row(const typename L::Scalar* x, const std::uint8_t* mask, std::size_t n, F f) {
  const typename L::Scalar least = -static_cast<typename L::Scalar>(__builtin_inff());
  for (std::size_t i = 0; i < n; i += L::kWidth) {
    typename L::Real v = part_lanes<L>(x + i, n - i, least);
    if (mask != nullptr) v = mask_lanes<L>(mask + i, n - i) ? v : all_lanes<typename L::Real>(least);
    f(i, v, n - i);
  }
}

namespace soft {
enum Code { softmax, log_softmax, logsumexp };
}
template <class L, int kCode>
static void softmax_rows(const SoftmaxRows<typename L::Scalar>& rows) {
  using T = typename L::Scalar;
  using Real = typename L::Real;
  constexpr T kInf = static_cast<T>(__builtin_inff());
  const std::size_t n = rows.n;
  for (std::size_t row = 0; row < rows.outer; ++row) {
    const T* x = rows.x + row * n;
    const std::uint8_t* mask = rows.mask == nullptr ? nullptr : rows.mask + row * rows.mask_step;
    Real best = all_lanes<Real>(-kInf);
    masked_row<L>(x, mask, n, [&](std::size_t, Real v, std::size_t) { best = upper_of(v, best); });
    const T most = lanes_max<L>(best);
    const Real shift = all_lanes<Real>(most == -kInf ? T{0} : most);
    Real total = {};
    T* y = rows.y + row * n;
    masked_row<L>(x, mask, n, [&](std::size_t i, Real v, std::size_t left) {
      const Real e = exp_of<L>(v - shift);
      total += e;
      if constexpr (kCode == soft::softmax) store_part<L>(y + i, e, left);
    });
    const T sum = lanes_sum<L>(total);
    if constexpr (kCode == soft::softmax) {
      const Real over = all_lanes<Real>(sum == 0 ? T{0} : 1 / sum);
      for (std::size_t i = 0; i < n; i += L::kWidth)
        store_part<L>(y + i, part_lanes<L>(y + i, n - i, T{0}) * over, n - i);
    } else {
      const Real log_sum = log_of<L>(all_lanes<Real>(sum));
      if constexpr (kCode == soft::logsumexp) {
        rows.y[row] = (shift + log_sum)[0];
      } else {
        const Real finite_log = sum == 0 ? Real{} : log_sum;
        masked_row<L>(x, mask, n, [&](std::size_t i, Real v, std::size_t left) {
          store_part<L>(y + i, v - shift - finite_log, left);
        });
      }
    }
  }
}

template <class L, bool kLog>
static void softmax_backward(const SoftmaxRowsBackward<typename L::Scalar>& rows) {
  using T = typename L::Scalar;
  using Real = typename L::Real;
  const std::size_t n = rows.n;
  for (std::size_t row = 0; row < rows.outer; ++row) {
    const T *y = rows.y + row * n, *dy = rows.dy + row * n;
    T* dx = rows.dx + row * n;
    Real total = {};
    for (std::size_t i = 0; i < n; i += L::kWidth) {
      const Real d = part_lanes<L>(dy + i, n - i, T{0});
      total += kLog ? d : d * part_lanes<L>(y + i, n - i, T{0});
    }
    const Real sum = all_lanes<Real>(lanes_sum<L>(total));
    for (std::size_t i = 0; i < n; i += L::kWidth) {
      const Real d = part_lanes<L>(dy + i, n - i, T{0}), v = part_lanes<L>(y + i, n - i, T{0});
      store_part<L>(dx + i, kLog ? d - exp_of<L>(v) * sum : v * (d - sum), n - i);
    }
  }
}

template <class L>
static void layer_norm(const LayerNormRows<typename L::Scalar>& rows) {
  using T = typename L::Scalar;
  using Real = typename L::Real;
  const std::size_t n = rows.n;
  for (std::size_t row = 0; row < rows.outer; ++row) {
    const T* x = rows.x + row * n;
    Real total = {};
    for (std::size_t i = 0; i < n; i += L::kWidth) total += part_lanes<L>(x + i, n - i, T{0});
    const T mean = lanes_sum<L>(total) / static_cast<T>(n);
    const Real middle = all_lanes<Real>(mean);
    Real squares = {};
    for (std::size_t i = 0; i < n; i += L::kWidth) {
      const Real d = part_lanes<L>(x + i, n - i, mean) - middle;
      squares = fused(d, d, squares);
    }
    const Real variance = all_lanes<Real>(lanes_sum<L>(squares) / static_cast<T>(n));
    const Real rstd = 1 / root_lanes(variance + rows.epsilon);
    for (std::size_t i = 0; i < n; i += L::kWidth) {
      Real v = (part_lanes<L>(x + i, n - i, mean) - middle) * rstd;
      if (rows.gain != nullptr) v *= part_lanes<L>(rows.gain + i, n - i, T{0});
      if (rows.bias != nullptr) v += part_lanes<L>(rows.bias + i, n - i, T{0});
      store_part<L>(rows.y + row * n + i, v, n - i);
    }
    if (rows.mean != nullptr) rows.mean[row] = mean;
    if (rows.rstd != nullptr) rows.rstd[row] = rstd[0];
  }
}

template <class L>
static void layer_norm_backward(const LayerNormRowsBackward<typename L::Scalar>& rows) {
  using T = typename L::Scalar;
  using Real = typename L::Real;
  const std::size_t n = rows.n;
  for (std::size_t row = 0; row < rows.outer; ++row) {
    const T *x = rows.x + row * n, *dy = rows.dy + row * n;
    const Real mean = all_lanes<Real>(rows.mean[row]), rstd = all_lanes<Real>(rows.rstd[row]);
    Real sum = {}, product = {};
    for (std::size_t i = 0; i < n; i += L::kWidth) {
      const Real unit = (part_lanes<L>(x + i, n - i, T{0}) - mean) * rstd,
                 d = part_lanes<L>(dy + i, n - i, T{0});
      const Real g = rows.gain == nullptr ? d : d * part_lanes<L>(rows.gain + i, n - i, T{0});
      sum += g;
      product = fused(g, unit, product);
      if (rows.d_gain != nullptr)
        store_part<L>(rows.d_gain + i, fused(d, unit, part_lanes<L>(rows.d_gain + i, n - i, T{0})), n - i);
      if (rows.d_bias != nullptr)
        store_part<L>(rows.d_bias + i, d + part_lanes<L>(rows.d_bias + i, n - i, T{0}), n - i);
    }
    if (rows.dx == nullptr) continue;
    const Real c1 = all_lanes<Real>(lanes_sum<L>(sum) / static_cast<T>(n));
    const Real c2 = all_lanes<Real>(lanes_sum<L>(product) / static_cast<T>(n));
    for (std::size_t i = 0; i < n; i += L::kWidth) {
      const Real unit = (part_lanes<L>(x + i, n - i, T{0}) - mean) * rstd,
                 d = part_lanes<L>(dy + i, n - i, T{0});
      const Real g = rows.gain == nullptr ? d : d * part_lanes<L>(rows.gain + i, n - i, T{0});
      store_part<L>(rows.dx + row * n + i, rstd * (g - c1 - unit * c2), n - i);
    }
  }
}
