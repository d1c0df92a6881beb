// The Jacobians of recurrent layers for nn.gradient_flow.
// A vector on its way to memory past the caches, where the level can; `to` is aligned to it.
template <class V, class T>
static inline void stream_lanes(T* to, V v) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to), (__m512i)v);
#elif defined(__AVX2__)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to), (__m256i)v);
#elif defined(__SSE2__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(to), (__m128i)v);
#else
  store_lanes(to, v);
#endif
}

// Written in one pass, each line once: memory is what they cost.
template <class L, bool kStreamed>
static void lstm_jacobians_by(const LstmJacobians<typename L::Scalar>& p) {
  using T = typename L::Scalar;
  using Real = typename L::Real;
  constexpr std::size_t w = L::kWidth;
  const std::size_t units = p.units, wide = 2 * units, matrix = units * units, gate = p.n * units;
  const auto put = [](T* to, Real v, std::size_t some) {
    if constexpr (kStreamed) {
      stream_lanes(to, v);
    } else {
      store_part<L>(to, v, some);
    }
  };
  for (std::size_t step = 0; step < p.n; ++step) {
    for (std::size_t j = 0; j < units; ++j) {
      const std::size_t place = step * units + j;
      const T direct = p.direct[place], steep = p.slope[place];
      const Real f = all_lanes<Real>(p.factors[place]), i = all_lanes<Real>(p.factors[gate + place]),
                 g = all_lanes<Real>(p.factors[2 * gate + place]), o = all_lanes<Real>(p.factors[3 * gate + place]),
                 s = all_lanes<Real>(steep);
      T* top = p.out + (step * wide + j) * wide;
      T* bottom = top + units * wide;
      const auto diagonal = [&](T* row, T value) {
        for (std::size_t k = 0; k < units; k += w) {
          T line[w] = {};
          if (k <= j && j < k + w) line[j - k] = value;
          put(row + k, load_lanes<Real>(line), units - k < w ? units - k : w);
        }
      };
      diagonal(top, direct);
      diagonal(bottom, steep * direct);
      const T* row = p.rows + j * units;
      for (std::size_t k = 0; k < units; k += w) {
        const std::size_t some = units - k < w ? units - k : w;
        const Real small = f * part_lanes<L>(row + k, some, 0) + i * part_lanes<L>(row + matrix + k, some, 0) +
                           g * part_lanes<L>(row + 2 * matrix + k, some, 0);
        put(top + units + k, small, some);
        put(bottom + units + k, s * small + o * part_lanes<L>(row + 3 * matrix + k, some, 0), some);
      }
    }
  }
#if defined(__SSE2__)
  if constexpr (kStreamed) _mm_sfence();
#endif
}

template <class L>
static void lstm_jacobians(const LstmJacobians<typename L::Scalar>& p) {
  const bool aligned = p.units % L::kWidth == 0 && reinterpret_cast<std::uintptr_t>(p.out) % kVectorBytes == 0;
  aligned ? lstm_jacobians_by<L, true>(p) : lstm_jacobians_by<L, false>(p);
}
