// Transpose in square blocks, so that both sides are read and written by whole cache lines.
template <class T>
static void transpose_kernel(const void* x, void* y, std::size_t rows, std::size_t columns, std::size_t ldx,
                             std::size_t ldy) {
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(y);
  constexpr std::size_t kSide = 16;
  for (std::size_t r = 0; r < rows; r += kSide) {
    const std::size_t r_end = r + kSide < rows ? r + kSide : rows;
    for (std::size_t c = 0; c < columns; c += kSide) {
      const std::size_t c_end = c + kSide < columns ? c + kSide : columns;
      for (std::size_t j = c; j < c_end; ++j) {
        for (std::size_t i = r; i < r_end; ++i) to[j * ldy + i] = from[i * ldx + j];
      }
    }
  }
}
