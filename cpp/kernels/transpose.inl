// Transpose in square blocks of half a cache line of floats: one more row would not fit into a set of the
// cache when rows lie a power of two apart.
inline constexpr std::size_t kTransposeSide = 8;
template <class T>
static void transpose_kernel(const void* x, void* y, std::size_t rows, std::size_t columns, std::size_t ldx,
                             std::size_t ldy) {
  constexpr std::size_t kSide = kTransposeSide;
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(y);
  for (std::size_t r = 0; r < rows; r += kSide) {
    const std::size_t height = rows - r < kSide ? rows - r : kSide;
    for (std::size_t c = 0; c < columns; c += kSide) {
      const std::size_t width = columns - c < kSide ? columns - c : kSide;
      const T* corner = from + r * ldx + c;
      T* turned = to + c * ldy + r;
      if (height == kSide && width == kSide) {
        T block[kSide][kSide];
        for (std::size_t i = 0; i < kSide; ++i) {
          for (std::size_t j = 0; j < kSide; ++j) block[j][i] = corner[i * ldx + j];
        }
        for (std::size_t j = 0; j < kSide; ++j) __builtin_memcpy(turned + j * ldy, block[j], sizeof block[j]);
      } else {
        for (std::size_t j = 0; j < width; ++j) {
          for (std::size_t i = 0; i < height; ++i) turned[j * ldy + i] = corner[i * ldx + j];
        }
      }
    }
  }
}
