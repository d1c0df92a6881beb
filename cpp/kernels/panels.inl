// Matrix products with one matrix in panels of a few registers' width. Every element is summed over k in order, so
// that its bits depend on its own row and column alone: a product may be cut along rows, columns and k.
#if defined(__AVX512F__)
inline constexpr std::size_t kPanelRows = 12;
#else
inline constexpr std::size_t kPanelRows = 6;
#endif
template <class L>
inline constexpr std::size_t kPanelWidth = 2 * L::kWidth;

// Panels of kPanelWidth columns, row after row, filled up with 0. b (k, n), or (n, k) when turned.
template <class L>
static void panel_pack(const typename L::Scalar* b, std::size_t ldb, bool turned, std::size_t k, std::size_t n,
                       typename L::Scalar* out) {
  using T = typename L::Scalar;
  constexpr std::size_t w = kPanelWidth<L>;
  for (std::size_t first = 0; first < n; first += w, out += w * k) {
    const std::size_t some = n - first < w ? n - first : w;
    if (some < w) __builtin_memset(out, 0, w * k * sizeof(T));
    if (turned) {
      transpose_kernel<T>(b + first * ldb, out, some, k, ldb, w);
    } else if (some == w) {
      for (std::size_t i = 0; i < k; ++i) __builtin_memcpy(out + i * w, b + i * ldb + first, w * sizeof(T));
    } else {
      for (std::size_t i = 0; i < k; ++i) __builtin_memcpy(out + i * w, b + i * ldb + first, some * sizeof(T));
    }
  }
}

template <class L, bool kTurned, std::size_t kRows>
static inline void panel_tile(const PanelProduct<typename L::Scalar>& p, const typename L::Scalar* a,
                              const typename L::Scalar* panel, typename L::Scalar* c, std::size_t ldc) {
  using Real = typename L::Real;
  constexpr std::size_t w = L::kWidth;
  const std::size_t lda = p.lda;
  Real left[kRows], right[kRows];
  if (p.fresh) {
    for (std::size_t r = 0; r < kRows; ++r) left[r] = right[r] = Real{};
  } else {
    for (std::size_t r = 0; r < kRows; ++r) {
      left[r] = load_lanes<Real>(c + r * ldc);
      right[r] = load_lanes<Real>(c + r * ldc + w);
    }
  }
  for (std::size_t i = 0; i < p.k; ++i, panel += 2 * w) {
    const Real x = load_lanes<Real>(panel), y = load_lanes<Real>(panel + w);
#pragma GCC unroll 12
    for (std::size_t r = 0; r < kRows; ++r) {
      const Real s = all_lanes<Real>(kTurned ? a[i * lda + r] : a[r * lda + i]);
      left[r] = fused(s, x, left[r]);
      right[r] = fused(s, y, right[r]);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    store_lanes(c + r * ldc, left[r]);
    store_lanes(c + r * ldc + w, right[r]);
  }
}

template <class L, bool kTurned, std::size_t kRows>
static inline void panel_rows(std::size_t rows, const PanelProduct<typename L::Scalar>& p, const typename L::Scalar* a,
                              const typename L::Scalar* panel, typename L::Scalar* c, std::size_t ldc) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return panel_tile<L, kTurned, kRows>(p, a, panel, c, ldc);
    panel_rows<L, kTurned, kRows - 1>(rows, p, a, panel, c, ldc);
  }
}

template <class L, bool kTurned>
static void panel_product_of(const PanelProduct<typename L::Scalar>& p) {
  using T = typename L::Scalar;
  constexpr std::size_t w = kPanelWidth<L>;
  const std::size_t tiles = (p.rows + kPanelRows - 1) / kPanelRows;
  for (std::size_t first = 0; first < p.n; first += w) {
    const T* panel = p.packed + first * p.k;
    const bool whole = p.n - first >= w;
    std::size_t row = 0;
    for (std::size_t tile = 0; tile < tiles; ++tile) {
      const std::size_t some = (p.rows - row + (tiles - tile) - 1) / (tiles - tile);  // even tiles
      const T* a = kTurned ? p.a + row : p.a + row * p.lda;
      T* c = p.c + row * p.ldc + first;
      if (whole) {
        panel_rows<L, kTurned, kPanelRows>(some, p, a, panel, c, p.ldc);
      } else {
        T part[kPanelRows * w] = {};
        const std::size_t bytes = (p.n - first) * sizeof(T);
        for (std::size_t r = 0; r < some && !p.fresh; ++r) __builtin_memcpy(part + r * w, c + r * p.ldc, bytes);
        panel_rows<L, kTurned, kPanelRows>(some, p, a, panel, part, w);
        for (std::size_t r = 0; r < some; ++r) __builtin_memcpy(c + r * p.ldc, part + r * w, bytes);
      }
      row += some;
    }
  }
}

template <class L>
static void panel_product(const PanelProduct<typename L::Scalar>& p) {
  p.turned ? panel_product_of<L, true>(p) : panel_product_of<L, false>(p);
}

static constexpr void set_panel_kernels(Table& t) {
#if defined(__AVX2__)
  t.panels_lead = true;  // OpenBLAS, which chooses for itself, has wider registers than the other levels here
#endif
  t.panel_width_f32 = kPanelWidth<Single>;
  t.panel_width_f64 = kPanelWidth<Double>;
  t.panel_pack_f32 = panel_pack<Single>;
  t.panel_pack_f64 = panel_pack<Double>;
  t.panel_product_f32 = panel_product<Single>;
  t.panel_product_f64 = panel_product<Double>;
}
