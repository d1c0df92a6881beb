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
  constexpr std::size_t w = kPanelWidth<L>, kSide = 4, kAhead = 8;  // rows of memory
  if (!turned) {
    // Some panels at a time: a row of memory is read in longer pieces.
    for (; n >= kSide * w; n -= kSide * w, b += kSide * w, out += kSide * w * k) {
      for (std::size_t i = 0; i < k; ++i) {
        for (std::size_t line = 0; line < kSide * w; line += 64 / sizeof(T))
          __builtin_prefetch(b + (i + kAhead) * ldb + line);
        for (std::size_t side = 0; side < kSide; ++side)
          __builtin_memcpy(out + side * w * k + i * w, b + i * ldb + side * w, w * sizeof(T));
      }
    }
  }
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

// Rows of the `tile`-th of some tiles that are as even as can be; `row` are before it.
static inline std::size_t even_tile(std::size_t rows, std::size_t row, std::size_t tile, std::size_t tiles) {
  return (rows - row + (tiles - tile) - 1) / (tiles - tile);
}

// A tile of A turned: `some` of kSome numbers from each of k rows of memory. Constant sizes need no call to copy.
template <class T, std::size_t kSome>
static inline void turned_tile(std::size_t some, const T* from, std::size_t lda, std::size_t k, T* out) {
  if constexpr (kSome > 0) {
    if (some < kSome) return turned_tile<T, kSome - 1>(some, from, lda, k, out);
    for (std::size_t i = 0; i < k; ++i) __builtin_memcpy(out + i * kPanelRows, from + i * lda, kSome * sizeof(T));
  }
}

// Rows of A, tile after tile as panel_product takes them, in kPanelRows * k numbers each, step after step.
template <class L>
static void panel_tiles(const typename L::Scalar* a, std::size_t lda, bool turned, std::size_t rows, std::size_t k,
                        typename L::Scalar* out) {
  using T = typename L::Scalar;
  const std::size_t tiles = (rows + kPanelRows - 1) / kPanelRows;
  std::size_t row = 0;
  for (std::size_t tile = 0; tile < tiles; ++tile, out += kPanelRows * k) {
    const std::size_t some = even_tile(rows, row, tile, tiles);
    if (turned) {
      turned_tile<T, kPanelRows>(some, a + row, lda, k, out);
    } else {
      const T* from = a + row * lda;
      const std::size_t fours = some < 4 ? 0 : k / 4 * 4;
      // The last four rows overlap those before where the tile is no multiple of four.
      for (std::size_t i = 0; i < fours; i += 4) {
        for (std::size_t r = 0; r < some; r += 4) {
          const std::size_t at = r + 4 <= some ? r : some - 4;
          transpose_four(from + at * lda + i, out + i * kPanelRows + at, lda, kPanelRows);
        }
      }
      for (std::size_t i = fours; i < k; ++i) {
        for (std::size_t r = 0; r < some; ++r) out[i * kPanelRows + r] = from[r * lda + i];
      }
    }
    row += some;
  }
}

// How A lies.
enum class PanelForm { rows, turned, tiles };

template <class L, PanelForm kForm, std::size_t kRows>
static inline void panel_tile(const PanelProduct<typename L::Scalar>& p, const typename L::Scalar* a,
                              const typename L::Scalar* panel, typename L::Scalar* c, std::size_t ldc,
                              const typename L::Scalar* ahead, const typename L::Scalar* next) {
  using Real = typename L::Real;
  constexpr std::size_t w = L::kWidth;
  constexpr std::size_t kLine = 64 / sizeof(typename L::Scalar);
  const std::size_t lda = kForm == PanelForm::tiles ? kPanelRows : p.lda;
  Real left[kRows], right[kRows];
  if (p.fresh) {
    for (std::size_t r = 0; r < kRows; ++r) left[r] = right[r] = Real{};
  } else {
    for (std::size_t r = 0; r < kRows; ++r) {
      left[r] = load_lanes<Real>(c + r * ldc);
      right[r] = load_lanes<Real>(c + r * ldc + w);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    __builtin_prefetch(next + r * p.ldc, 1);
    __builtin_prefetch(next + r * p.ldc + w, 1);
  }
  for (std::size_t i = 0; i < p.k; ++i, panel += 2 * w, ahead += kLine) {
    __builtin_prefetch(ahead, 0, 2);
    const Real x = load_lanes<Real>(panel), y = load_lanes<Real>(panel + w);
#pragma GCC unroll 12
    for (std::size_t r = 0; r < kRows; ++r) {
      const Real s = all_lanes<Real>(kForm == PanelForm::rows ? a[r * lda + i] : a[i * lda + r]);
      left[r] = fused(s, x, left[r]);
      right[r] = fused(s, y, right[r]);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    store_lanes(c + r * ldc, left[r]);
    store_lanes(c + r * ldc + w, right[r]);
  }
}

template <class L, PanelForm kForm, std::size_t kRows>
static inline void panel_rows(std::size_t rows, const PanelProduct<typename L::Scalar>& p, const typename L::Scalar* a,
                              const typename L::Scalar* panel, typename L::Scalar* c, std::size_t ldc,
                              const typename L::Scalar* ahead, const typename L::Scalar* next) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return panel_tile<L, kForm, kRows>(p, a, panel, c, ldc, ahead, next);
    panel_rows<L, kForm, kRows - 1>(rows, p, a, panel, c, ldc, ahead, next);
  }
}

template <class L, PanelForm kForm>
static void panel_product_of(const PanelProduct<typename L::Scalar>& p) {
  using T = typename L::Scalar;
  constexpr std::size_t w = kPanelWidth<L>;
  const std::size_t tiles = (p.rows + kPanelRows - 1) / kPanelRows;
  for (std::size_t first = 0; first < p.n; first += w) {
    const T* panel = p.packed + first * p.k;
    const bool whole = p.n - first >= w;
    std::size_t row = 0;
    for (std::size_t tile = 0; tile < tiles; ++tile) {
      const std::size_t some = even_tile(p.rows, row, tile, tiles);
      const T* a = p.a + (kForm == PanelForm::tiles    ? tile * kPanelRows * p.k
                          : kForm == PanelForm::turned ? row
                                                       : row * p.lda);
      T* c = p.c + row * p.ldc + first;
      // The first tiles bring the next panel near, a line a step.
      const T* next = tile + 1 < tiles ? c + some * p.ldc : p.c + first + w;
      const T* ahead = panel + (tile < w * sizeof(T) / 64 ? w * p.k + tile * p.k * (64 / sizeof(T)) : 0);
      if (whole) {
        panel_rows<L, kForm, kPanelRows>(some, p, a, panel, c, p.ldc, ahead, next);
      } else {
        T part[kPanelRows * w] = {};
        const std::size_t bytes = (p.n - first) * sizeof(T);
        for (std::size_t r = 0; r < some && !p.fresh; ++r) __builtin_memcpy(part + r * w, c + r * p.ldc, bytes);
        panel_rows<L, kForm, kPanelRows>(some, p, a, panel, part, w, ahead, next);
        for (std::size_t r = 0; r < some; ++r) __builtin_memcpy(c + r * p.ldc, part + r * w, bytes);
      }
      row += some;
    }
  }
}

template <class L>
static void panel_product(const PanelProduct<typename L::Scalar>& p) {
  if (p.tiled) return panel_product_of<L, PanelForm::tiles>(p);
  p.turned ? panel_product_of<L, PanelForm::turned>(p) : panel_product_of<L, PanelForm::rows>(p);
}

static constexpr void set_panel_kernels(Table& t) {
  // OpenBLAS, which chooses for itself, has wider registers than the other levels here.
#if defined(__AVX512F__)
  t.panels_lead = 1e300;
#elif defined(__AVX2__)
  t.panels_lead = 3e8;
#endif
  t.panel_rows = kPanelRows;
  t.panel_width_f32 = kPanelWidth<Single>;
  t.panel_width_f64 = kPanelWidth<Double>;
  t.panel_pack_f32 = panel_pack<Single>;
  t.panel_pack_f64 = panel_pack<Double>;
  t.panel_tiles_f32 = panel_tiles<Single>;
  t.panel_tiles_f64 = panel_tiles<Double>;
  t.panel_product_f32 = panel_product<Single>;
  t.panel_product_f64 = panel_product<Double>;
}
