// Transpose in square blocks of half a cache line of floats: one more row would not fit into a set of the
// cache when rows lie a power of two apart.
inline constexpr std::size_t kTransposeSide = 8;

// Four rows of four, in registers.
template <class T>
static inline void transpose_four(const T* x, T* y, std::size_t ldx, std::size_t ldy) {
  typedef T Four __attribute__((vector_size(4 * sizeof(T))));
  Four a, b, c, d;
  __builtin_memcpy(&a, x, sizeof a);
  __builtin_memcpy(&b, x + ldx, sizeof b);
  __builtin_memcpy(&c, x + 2 * ldx, sizeof c);
  __builtin_memcpy(&d, x + 3 * ldx, sizeof d);
  const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5),
             after_ab = __builtin_shufflevector(a, b, 2, 6, 3, 7), after_cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  b = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  c = __builtin_shufflevector(after_ab, after_cd, 0, 1, 4, 5);
  d = __builtin_shufflevector(after_ab, after_cd, 2, 3, 6, 7);
  __builtin_memcpy(y, &a, sizeof a);
  __builtin_memcpy(y + ldy, &b, sizeof b);
  __builtin_memcpy(y + 2 * ldy, &c, sizeof c);
  __builtin_memcpy(y + 3 * ldy, &d, sizeof d);
}

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
        if constexpr (sizeof(T) >= 4) {
          transpose_four(corner, turned, ldx, ldy);
          transpose_four(corner + 4 * ldx, turned + 4, ldx, ldy);
          transpose_four(corner + 4, turned + 4 * ldy, ldx, ldy);
          transpose_four(corner + 4 * ldx + 4, turned + 4 * ldy + 4, ldx, ldy);
        } else {
          T block[kSide][kSide];
          for (std::size_t i = 0; i < kSide; ++i) {
            for (std::size_t j = 0; j < kSide; ++j) block[j][i] = corner[i * ldx + j];
          }
          for (std::size_t j = 0; j < kSide; ++j) __builtin_memcpy(turned + j * ldy, block[j], sizeof block[j]);
        }
      } else {
        for (std::size_t j = 0; j < width; ++j) {
          for (std::size_t i = 0; i < height; ++i) turned[j * ldy + i] = corner[i * ldx + j];
        }
      }
    }
  }
}
