// Rows of a sparse matrix times a dense one. A panel of columns is kept in registers while a row's entries go by; each
// output element is summed in the order of the entries, so threads and panels do not change it.
template <int kGroups>
static inline void spmm_panel(const std::uint32_t* column, const float* value, std::size_t n, const float* x, float* y, std::size_t width) {
  Vec total[kGroups];
  for (int g = 0; g < kGroups; ++g) total[g] = zero();
  constexpr std::size_t kAhead = 12;
  for (std::size_t k = 0; k < n; ++k) {
    if (k + kAhead < n) {
      const char* next = reinterpret_cast<const char*>(x + column[k + kAhead] * width);
      for (std::size_t line = 0; line < kGroups * kLanes * 4; line += 64) __builtin_prefetch(next + line, 0, 3);
    }
    const float* row = x + column[k] * width;
    const Vec v = splat(value[k]);
    for (int g = 0; g < kGroups; ++g) total[g] = fma(v, load(row + static_cast<std::size_t>(g) * kLanes), total[g]);
  }
  for (int g = 0; g < kGroups; ++g) store(y + static_cast<std::size_t>(g) * kLanes, total[g]);
}

template <int kGroups>
static inline std::size_t spmm_rows(const std::int64_t* row_begin, const std::int64_t* row_end, const std::uint32_t* column,
                                    const float* value, const float* x, float* y, std::size_t first, std::size_t last,
                                    std::size_t width, std::size_t c) {
  for (std::size_t i = first; i < last; ++i) {
    const std::int64_t at = row_begin[i];
    spmm_panel<kGroups>(column + at, value + at, static_cast<std::size_t>(row_end[i] - at), x + c, y + i * width + c, width);
  }
  return c + kGroups * kLanes;
}

static void spmm(const std::int64_t* row_begin, const std::int64_t* row_end, const std::uint32_t* column, const float* value,
                 const float* x, float* y, std::size_t first, std::size_t last, std::size_t width) {
  // The widest panel that its sixteen registers hold, with one for the entry: 14 groups of 8 are the usual 112 columns.
  for (std::size_t c = 0; c < width;) {
    const std::size_t groups = (width - c) / kLanes;
    if (groups >= 14) {
      c = spmm_rows<14>(row_begin, row_end, column, value, x, y, first, last, width, c);
    } else if (groups >= 7) {
      c = spmm_rows<7>(row_begin, row_end, column, value, x, y, first, last, width, c);
    } else if (groups >= 4) {
      c = spmm_rows<4>(row_begin, row_end, column, value, x, y, first, last, width, c);
    } else {
      c = spmm_rows<1>(row_begin, row_end, column, value, x, y, first, last, width, c);
    }
  }
}
