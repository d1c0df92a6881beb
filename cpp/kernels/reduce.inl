// Reductions. Sums run in 128 bytes of accumulators whatever the level, in blocks that are then folded and
// added in double precision, so that every level has the same bits.
template <class L>
struct Wide {
  static constexpr std::size_t kVectors = 128 / kVectorBytes, kWidth = 128 / sizeof(typename L::Scalar);
  typename L::Real v[kVectors];
};
template <class L>
static inline Wide<L> wide_of(typename L::Scalar x) {
  Wide<L> w;
  for (auto& v : w.v) v = all_lanes<typename L::Real>(x);
  return w;
}
template <class L>
static inline Wide<L> wide_load(const typename L::Scalar* x) {
  Wide<L> w;
  for (std::size_t k = 0; k < Wide<L>::kVectors; ++k)
    w.v[k] = load_lanes<typename L::Real>(x + k * L::kWidth);
  return w;
}
// The first n elements at x, and `rest` in the other places.
template <class L>
static inline Wide<L> wide_part(const typename L::Scalar* x, std::size_t n, typename L::Scalar rest) {
  Wide<L> w = wide_of<L>(rest);
  for (std::size_t k = 0; k < Wide<L>::kVectors && n > k * L::kWidth; ++k) {
    const std::size_t left = n - k * L::kWidth;
    const typename L::Scalar* at = x + k * L::kWidth;
    w.v[k] = left >= L::kWidth      ? load_lanes<typename L::Real>(at)
             : first_lanes<L>(left) ? load_first<L>(at, left)
                                    : w.v[k];
  }
  return w;
}
template <class L, class F>
static inline typename L::Scalar wide_fold(const Wide<L>& w, F f) {
  typename L::Scalar part[Wide<L>::kWidth];
  for (std::size_t k = 0; k < Wide<L>::kVectors; ++k) store_lanes(part + k * L::kWidth, w.v[k]);
  for (std::size_t half = Wide<L>::kWidth / 2; half > 0; half /= 2) {
    for (std::size_t k = 0; k < half; ++k) part[k] = f(part[k], part[k + half]);
  }
  return part[0];
}

inline constexpr std::size_t kSumBlock = 64;  // steps before the accumulators are folded

// Sum of g(x[0]), ..., g(x[n - 1]) for floats, with a g that takes 0 to 0.
template <class L, class G>
static inline double real_sum(const typename L::Scalar* x, std::size_t n, G g) {
  using T = typename L::Scalar;
  constexpr std::size_t w = Wide<L>::kWidth;
  double total = 0, lost = 0;
  for (std::size_t i = 0; i < n;) {
    Wide<L> sums = wide_of<L>(T{0});
    std::size_t step = 0;
    for (; step < kSumBlock && i + w <= n; ++step, i += w) {
      for (std::size_t k = 0; k < Wide<L>::kVectors; ++k)
        sums.v[k] += g(load_lanes<typename L::Real>(x + i + k * L::kWidth));
    }
    if (step < kSumBlock && i < n) {
      const Wide<L> part = wide_part<L>(x + i, n - i, T{0});
      for (std::size_t k = 0; k < Wide<L>::kVectors; ++k) sums.v[k] += g(part.v[k]);
      i = n;
    }
    const double block = wide_fold<L>(sums, [](T a, T b) { return a + b; });
    const double next = total + block, got = next - total;  // the error of this sum, exactly (Knuth)
    lost += (total - (next - got)) + (block - got);
    total = next;
  }
  return lost == lost ? total + lost : total;  // an infinite total has no error
}
// Short rows are summed one by one.
template <class L>
static inline typename L::Scalar sum_of(const typename L::Scalar* x, std::size_t n) {
  if (n < 16) {
    double total = 0;
    for (std::size_t i = 0; i < n; ++i) total += x[i];
    return static_cast<typename L::Scalar>(total);
  }
  return static_cast<typename L::Scalar>(real_sum<L>(x, n, [](typename L::Real v) { return v; }));
}
template <class L>
static void sum_rows(const typename L::Scalar* x, typename L::Scalar* y, std::size_t outer, std::size_t n) {
  for (std::size_t i = 0; i < outer; ++i) y[i] = sum_of<L>(x + i * n, n);
}
template <class L>
static void prod_rows(const typename L::Scalar* x, typename L::Scalar* y, std::size_t outer, std::size_t n) {
  using T = typename L::Scalar;
  constexpr std::size_t w = Wide<L>::kWidth;
  for (std::size_t row = 0; row < outer; ++row) {
    const T* at = x + row * n;
    Wide<L> products = wide_of<L>(T{1});
    for (std::size_t i = 0; i < n; i += w) {
      const Wide<L> part = i + w <= n ? wide_load<L>(at + i) : wide_part<L>(at + i, n - i, T{1});
      for (std::size_t k = 0; k < Wide<L>::kVectors; ++k) products.v[k] *= part.v[k];
    }
    y[row] = wide_fold<L>(products, [](T a, T b) { return a * b; });
  }
}

// The largest (kSign 1) or smallest (-1) of n elements; NaN when there is one.
template <class L, int kSign>
static inline typename L::Scalar extreme_of(const typename L::Scalar* x, std::size_t n) {
  using T = typename L::Scalar;
  constexpr std::size_t w = Wide<L>::kWidth;
  constexpr T start = kSign > 0 ? -static_cast<T>(__builtin_inff()) : static_cast<T>(__builtin_inff());
  Wide<L> best = wide_of<L>(start);
  typename L::Int seen = {};
  for (std::size_t i = 0; i < n; i += w) {
    const Wide<L> part = i + w <= n ? wide_load<L>(x + i) : wide_part<L>(x + i, n - i, x[i]);
    for (std::size_t k = 0; k < Wide<L>::kVectors; ++k) {
      best.v[k] = kSign > 0 ? upper_of(part.v[k], best.v[k]) : lower_of(part.v[k], best.v[k]);
      seen |= part.v[k] != part.v[k];
    }
  }
  if (any_lane(seen)) return static_cast<T>(__builtin_nanf(""));
  return wide_fold<L>(best, [](T a, T b) { return kSign > 0 ? (a > b ? a : b) : (a < b ? a : b); });
}
template <class L, int kSign>
static void extreme_rows(const typename L::Scalar* x, typename L::Scalar* y, std::size_t outer,
                         std::size_t n) {
  for (std::size_t i = 0; i < outer; ++i) y[i] = extreme_of<L, kSign>(x + i * n, n);
}

// Whole numbers and bytes: the compiler's lanes do, as their order does not matter.
template <class T, int kCode>
static inline T whole_start() {
  if constexpr (kCode == reduce::sum) return 0;
  if constexpr (kCode == reduce::prod) return 1;
  constexpr bool is_byte = sizeof(T) == 1;
  constexpr std::int64_t least = is_byte ? 0 : sizeof(T) == 8 ? INT64_MIN : INT32_MIN;
  constexpr std::int64_t most = is_byte ? 1 : sizeof(T) == 8 ? INT64_MAX : INT32_MAX;
  return static_cast<T>(kCode == reduce::max ? least : most);
}
template <class T, int kCode>
static inline T whole_join(T a, T b) {
  using Unsigned = decltype([] {
    if constexpr (sizeof(T) == 8) return std::uint64_t{};
    if constexpr (sizeof(T) == 4) return std::uint32_t{};
    if constexpr (sizeof(T) == 1) return std::uint32_t{};
  }());
  if constexpr (kCode == reduce::sum)
    return static_cast<T>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b));
  if constexpr (kCode == reduce::prod)
    return static_cast<T>(static_cast<Unsigned>(a) * static_cast<Unsigned>(b));
  if constexpr (kCode == reduce::max) return a > b ? a : b;
  if constexpr (kCode == reduce::min) return a < b ? a : b;
}
template <class T, int kCode>
static void whole_rows(const T* x, T* y, std::size_t outer, std::size_t n) {
  for (std::size_t row = 0; row < outer; ++row) {
    T total = whole_start<T, kCode>();
    for (std::size_t i = 0; i < n; ++i) total = whole_join<T, kCode>(total, x[row * n + i]);
    y[row] = total;
  }
}
template <class T, int kCode>
static void whole_columns(const T* x, T* y, std::size_t outer, std::size_t n, std::size_t stride) {
  for (std::size_t j = 0; j < n; ++j) y[j] = whole_start<T, kCode>();
  for (std::size_t row = 0; row < outer; ++row) {
    for (std::size_t j = 0; j < n; ++j) y[j] = whole_join<T, kCode>(y[j], x[row * stride + j]);
  }
}

// Over the rows of a (outer, n) array: panels of `width` columns stay in accumulators. Every column is summed
// in runs of kSumBlock rows whose sums go to double precision, whichever panel it is in.
template <class L, int kCode>
static inline void real_panel(const typename L::Scalar* x, typename L::Scalar* y, std::size_t outer,
                              std::size_t n, std::size_t width) {
  using T = typename L::Scalar;
  constexpr std::size_t w = Wide<L>::kWidth;
  constexpr T start = kCode == reduce::sum    ? T{0}
                      : kCode == reduce::prod ? T{1}
                      : kCode == reduce::max  ? -static_cast<T>(__builtin_inff())
                                              : static_cast<T>(__builtin_inff());
  double total[w] = {};
  Wide<L> all = wide_of<L>(start);
  for (std::size_t first = 0; first < outer; first += kSumBlock) {
    const std::size_t last = first + kSumBlock < outer ? first + kSumBlock : outer;
    Wide<L> run = kCode == reduce::sum ? wide_of<L>(T{0}) : all;
    for (std::size_t row = first; row < last; ++row) {
      const Wide<L> part = width == w ? wide_load<L>(x + row * n) : wide_part<L>(x + row * n, width, T{0});
      for (std::size_t k = 0; k < Wide<L>::kVectors; ++k) {
        if constexpr (kCode == reduce::sum) run.v[k] += part.v[k];
        if constexpr (kCode == reduce::prod) run.v[k] *= part.v[k];
        if constexpr (kCode == reduce::max)
          run.v[k] = run.v[k] != run.v[k] ? run.v[k] : upper_of(run.v[k], part.v[k]);
        if constexpr (kCode == reduce::min)
          run.v[k] = run.v[k] != run.v[k] ? run.v[k] : lower_of(run.v[k], part.v[k]);
      }
    }
    if constexpr (kCode == reduce::sum) {
      T sums[w];
      for (std::size_t k = 0; k < Wide<L>::kVectors; ++k) store_lanes(sums + k * L::kWidth, run.v[k]);
      for (std::size_t k = 0; k < w; ++k) total[k] += sums[k];
    } else {
      all = run;
    }
  }
  T result[w];
  for (std::size_t k = 0; k < Wide<L>::kVectors; ++k) store_lanes(result + k * L::kWidth, all.v[k]);
  for (std::size_t k = 0; k < width; ++k) y[k] = kCode == reduce::sum ? static_cast<T>(total[k]) : result[k];
}
template <class L, int kCode>
static void real_columns(const typename L::Scalar* x, typename L::Scalar* y, std::size_t outer,
                         std::size_t n, std::size_t stride) {
  constexpr std::size_t w = Wide<L>::kWidth;
  for (std::size_t j = 0; j < n; j += w)
    real_panel<L, kCode>(x + j, y + j, outer, stride, j + w <= n ? w : n - j);
}

template <class L, int kSign>
static void extreme_places(const typename L::Scalar* x, std::int64_t* y, std::size_t outer, std::size_t n) {
  for (std::size_t row = 0; row < outer; ++row) {
    const typename L::Scalar* at = x + row * n;
    const typename L::Scalar best = extreme_of<L, kSign>(at, n);
    std::size_t i = 0;
    if (best == best) {
      const auto wanted = all_lanes<typename L::Real>(best);
      while (i + L::kWidth <= n && !any_lane(load_lanes<typename L::Real>(at + i) == wanted)) i += L::kWidth;
      while (at[i] != best) ++i;
    } else {
      while (at[i] == at[i]) ++i;
    }
    y[row] = static_cast<std::int64_t>(i);
  }
}
template <class T, int kSign>
static void whole_places(const T* x, std::int64_t* y, std::size_t outer, std::size_t n) {
  for (std::size_t row = 0; row < outer; ++row) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < n; ++i) {
      if (kSign > 0 ? x[row * n + i] > x[row * n + best] : x[row * n + i] < x[row * n + best]) best = i;
    }
    y[row] = static_cast<std::int64_t>(best);
  }
}
template <class T, class Total>
static void cumsum_rows(const T* x, T* y, std::size_t outer, std::size_t n) {
  for (std::size_t row = 0; row < outer; ++row) {
    Total total = 0;
    for (std::size_t i = 0; i < n; ++i) {
      total += static_cast<Total>(x[row * n + i]);
      y[row * n + i] = static_cast<T>(total);
    }
  }
}
