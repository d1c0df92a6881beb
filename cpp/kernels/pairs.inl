// The two inner loops of counting pairs (words/pairs.cpp): collecting the neighbours of occurrences, and
// emptying a row of sums. Ids are read as signed: words are >= 0, a line end is -1, a hole -2, so that one
// signed comparison with the own id leaves both out.

inline constexpr std::int32_t kPairsLineEnd = -1;
inline constexpr std::size_t kPairsChunk = 16;  // neighbours per step on one side
inline constexpr std::size_t kPairsAhead = 12;  // occurrences between a prefetch and its use

#if defined(__AVX512F__) || defined(__AVX2__)

#if defined(__AVX512F__)
using PairsIds = __m512i;

// Ids of the 16 places at `near` and `far`, of which `inside` count; which of these are words above `floor`,
// and which are line ends. To the right the lanes ascend in distance, to the left they descend.
template <bool left>
static inline void pairs_masks(const std::int32_t* p, std::uint32_t done, std::uint32_t, std::uint32_t inside,
                               std::int32_t floor, PairsIds& ids, std::uint32_t& words, std::uint32_t& ends) {
  const std::int32_t* start = left ? p - done - kPairsChunk : p + 1 + done;
  const auto m = static_cast<__mmask16>(inside);
  ids = _mm512_maskz_loadu_epi32(m, start);
  words = _mm512_mask_cmpgt_epi32_mask(m, ids, _mm512_set1_epi32(floor));
  ends = _mm512_mask_cmpeq_epi32_mask(m, ids, _mm512_set1_epi32(kPairsLineEnd));
}

template <bool distances, bool left>
static inline std::size_t pairs_pack(PairsIds ids, std::uint32_t mask, std::uint32_t done, std::uint32_t,
                                     std::uint32_t* out, std::uint32_t* out_distance) {
  const auto m = static_cast<__mmask16>(mask);
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(m, ids));
  if constexpr (distances) {
    const __m512i up = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i d = left ? _mm512_sub_epi32(_mm512_set1_epi32(static_cast<int>(done + kPairsChunk - 1)), up)
                           : _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(done)), up);
    _mm512_storeu_si512(out_distance, _mm512_maskz_compress_epi32(m, d));
  }
  return static_cast<std::size_t>(_mm_popcnt_u32(mask));
}

template <bool left>
static inline std::uint32_t pairs_inside(std::uint32_t rest) {
  if (rest >= kPairsChunk) return 0xFFFFU;
  return left ? 0xFFFFU & (0xFFFFU << (kPairsChunk - rest)) : (1U << rest) - 1;
}
#else
// Of the 16 places the 8 near ones and the 8 far ones; where fewer than 8 far ones remain, the far lanes
// reach back over near ones, which do not count twice, so that no byte beyond the window is touched.
struct PairsIds {
  __m256i near, far;
};

// For each byte, the numbers of its set bits, then zeros: the order that moves chosen lanes to the front.
struct PairsTable {
  alignas(64) std::uint32_t order[256][8];
};
static constexpr PairsTable make_pairs_table() {
  PairsTable table{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    unsigned n = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((mask >> bit & 1U) != 0) table.order[mask][n++] = bit;
    }
  }
  return table;
}
static constexpr PairsTable kPairsTable = make_pairs_table();

// Lanes of all 16 that count when `rest` places remain: near ones in the low byte to the right, in the high
// one to the left, so that bits are in the order of places.
template <bool left>
static inline std::uint32_t pairs_inside(std::uint32_t rest) {
  if (rest >= kPairsChunk) return 0xFFFFU;
  if (rest >= 8)
    return left ? 0xFF00U | ((1U << (rest - 8)) - 1) : 0x00FFU | (0xFF00U & (0xFF00U << (16 - rest)));
  return left ? 0xFF00U & (0xFF00U << (8 - rest)) : (1U << rest) - 1;
}

template <bool left>
static inline void pairs_masks(const std::int32_t* p, std::uint32_t done, std::uint32_t shift,
                               std::uint32_t inside, std::int32_t floor, PairsIds& ids, std::uint32_t& words,
                               std::uint32_t& ends) {
  const std::int32_t* near = left ? p - done - 8 : p + 1 + done;
  const std::int32_t* far = left ? near - shift : near + shift;
  ids.near = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(near));
  ids.far = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(far));
  const __m256i f = _mm256_set1_epi32(floor), e = _mm256_set1_epi32(kPairsLineEnd);
  const auto mask = [](__m256i a) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(a)));
  };
  const auto both = [](std::uint32_t n, std::uint32_t r) { return left ? r | n << 8 : n | r << 8; };
  words = inside & both(mask(_mm256_cmpgt_epi32(ids.near, f)), mask(_mm256_cmpgt_epi32(ids.far, f)));
  ends = inside & both(mask(_mm256_cmpeq_epi32(ids.near, e)), mask(_mm256_cmpeq_epi32(ids.far, e)));
}

template <bool distances, bool left>
static inline std::size_t pairs_pack(const PairsIds& ids, std::uint32_t mask, std::uint32_t done,
                                     std::uint32_t shift, std::uint32_t* out, std::uint32_t* out_distance) {
  const std::uint32_t near = left ? mask >> 8 : mask & 255U, far = left ? mask & 255U : mask >> 8;
  const __m256i a = _mm256_load_si256(reinterpret_cast<const __m256i*>(kPairsTable.order[near]));
  const __m256i b = _mm256_load_si256(reinterpret_cast<const __m256i*>(kPairsTable.order[far]));
  const auto n = static_cast<std::size_t>(_mm_popcnt_u32(near));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(ids.near, a));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + n), _mm256_permutevar8x32_epi32(ids.far, b));
  if constexpr (distances) {
    const auto at = [](std::uint32_t first, __m256i lanes) {
      return left ? _mm256_sub_epi32(_mm256_set1_epi32(static_cast<int>(first + 7)), lanes)
                  : _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(first)), lanes);
    };
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out_distance), at(done, a));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out_distance + n), at(done + shift, b));
  }
  return n + static_cast<std::size_t>(_mm_popcnt_u32(far));
}
#endif

// One side of the occurrence at p.
template <bool distances, bool left>
static inline std::size_t pairs_side(const std::int32_t* p, std::int32_t floor, std::uint32_t window,
                                     std::uint32_t* out, std::uint32_t* out_distance) {
  std::size_t n = 0;
  for (std::uint32_t done = 0; done < window; done += kPairsChunk) {
    const std::uint32_t rest = window - done;
    const std::uint32_t shift = rest >= kPairsChunk ? 8 : rest > 8 ? rest - 8 : 0;
    PairsIds ids;
    std::uint32_t words, ends;
    pairs_masks<left>(p, done, shift, pairs_inside<left>(rest), floor, ids, words, ends);
    // Up to the nearest line end, or all when there is none.
    words &= left ? 0xFFFFFFFFU << (32U - _lzcnt_u32(ends)) : ends ^ (ends - 1);
    n += pairs_pack<distances, left>(ids, words, done, shift, out + n, out_distance + n);
    if (rest <= kPairsChunk || ends != 0) break;
  }
  return n;
}

// Neighbours of the occurrence at p with ids above `floor` on the left and above `floor_right` on the right.
template <bool distances>
static inline std::size_t pairs_around(const std::int32_t* p, std::int32_t floor, std::int32_t floor_right,
                                       std::uint32_t window, std::uint32_t* out,
                                       std::uint32_t* out_distance) {
  const std::size_t n = pairs_side<distances, true>(p, floor, window, out, out_distance);
  return n + pairs_side<distances, false>(p, floor_right, window, out + n, out_distance + n);
}

#else

// Without lanes to pick from: every neighbour is written, and the place advances when it is wanted.
template <bool distances>
static inline std::size_t pairs_around(const std::int32_t* p, std::int32_t floor, std::int32_t floor_right,
                                       std::uint32_t window, std::uint32_t* out,
                                       std::uint32_t* out_distance) {
  std::size_t n = 0;
  for (int side = 0; side < 2; ++side) {
    const std::ptrdiff_t step = side == 0 ? 1 : -1;
    const std::int32_t above = side == 0 ? floor_right : floor;
    std::size_t open = 1;
    for (std::uint32_t done = 0; done < window && open != 0; done += kPairsChunk) {
      const std::uint32_t end = window - done < kPairsChunk ? window : done + kPairsChunk;
      for (std::uint32_t d = done; d < end; ++d) {
        const std::int32_t id = p[step * static_cast<std::ptrdiff_t>(d + 1)];
        open &= static_cast<std::size_t>(id != kPairsLineEnd);
        out[n] = static_cast<std::uint32_t>(id);
        if constexpr (distances) out_distance[n] = d;
        n += open & static_cast<std::size_t>(id > above);
      }
    }
  }
  return n;
}

#endif

// The same for an occurrence so near an end of the stream that a whole chunk would reach beyond it.
template <bool distances>
static std::size_t pairs_at_edge(const std::int32_t* ids, std::size_t size, std::size_t position,
                                 std::int32_t floor, std::int32_t floor_right, std::uint32_t window,
                                 std::uint32_t* out, std::uint32_t* out_distance) {
  std::size_t n = 0;
  const auto take = [&](std::int32_t id, std::int32_t above, std::uint32_t d) {
    if (id <= above) return;
    out[n] = static_cast<std::uint32_t>(id);
    if constexpr (distances) out_distance[n] = d;
    ++n;
  };
  for (std::uint32_t d = 0; d < window && position + d + 1 < size; ++d) {
    const std::int32_t id = ids[position + d + 1];
    if (id == kPairsLineEnd) break;
    take(id, floor_right, d);
  }
  for (std::uint32_t d = 0; d < window && d + 1 <= position; ++d) {
    const std::int32_t id = ids[position - d - 1];
    if (id == kPairsLineEnd) break;
    take(id, floor, d);
  }
  return n;
}

template <class Position, bool distances>
static std::size_t pairs_gather_as(const std::uint32_t* stream, std::size_t size, const Position* positions,
                                   std::size_t count, std::uint32_t own, std::uint32_t window, bool diagonal,
                                   std::uint32_t* out, std::uint32_t* out_distance) {
  const auto* ids = reinterpret_cast<const std::int32_t*>(stream);
  const auto floor = static_cast<std::int32_t>(own);
  const std::int32_t floor_right = diagonal ? floor - 1 : floor;
  const std::size_t reach = (window + kPairsChunk - 1) / kPairsChunk * kPairsChunk,
                    edge = 4 * (window < 16 ? window : 16);
  std::size_t n = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const auto ahead = static_cast<std::size_t>(positions[k + kPairsAhead]);
    const char* line = reinterpret_cast<const char*>(ids + ahead);
    __builtin_prefetch(line - edge);
    __builtin_prefetch(line + edge);
    const auto position = static_cast<std::size_t>(positions[k]);
    if (position >= reach && position + reach < size) [[likely]] {
      n += pairs_around<distances>(ids + position, floor, floor_right, window, out + n, out_distance + n);
    } else {
      n += pairs_at_edge<distances>(ids, size, position, floor, floor_right, window, out + n,
                                    out_distance + n);
    }
  }
  return n;
}

// Writes the ids of all counted neighbours of `count` occurrences of the word `own`, and unless
// `out_distance` is null their distances less one. Room: count * 2 * window + 16. Reads 12 positions beyond
// `count`, which need not be true.
static std::size_t pairs_gather(const std::uint32_t* ids, std::size_t size, const void* positions, bool wide,
                                std::size_t count, std::uint32_t own, std::uint32_t window, bool diagonal,
                                std::uint32_t* out, std::uint32_t* out_distance) {
  const auto* narrow = static_cast<const std::uint32_t*>(positions);
  const auto* broad = static_cast<const std::uint64_t*>(positions);
  if (out_distance != nullptr) {
    return wide ? pairs_gather_as<std::uint64_t, true>(ids, size, broad, count, own, window, diagonal, out,
                                                       out_distance)
                : pairs_gather_as<std::uint32_t, true>(ids, size, narrow, count, own, window, diagonal, out,
                                                       out_distance);
  }
  return wide
             ? pairs_gather_as<std::uint64_t, false>(ids, size, broad, count, own, window, diagonal, out, out)
             : pairs_gather_as<std::uint32_t, false>(ids, size, narrow, count, own, window, diagonal, out,
                                                     out);
}

// Moves the sums of the groups of 16 that are marked in touched[begin, end) to (column, value) in ascending
// order and clears both. begin and end are multiples of 32. Room for 16 more than the row holds.
static std::size_t pairs_empty_row(std::uint32_t* sums, std::uint8_t* touched, std::size_t begin,
                                   std::size_t end, std::uint32_t* column, std::uint32_t* value) {
  std::size_t n = 0;
  for (std::size_t block = begin; block < end; block += 32) {
#if defined(__AVX2__)
    auto* flags = reinterpret_cast<__m256i*>(touched + block);
    const __m256i set = _mm256_loadu_si256(flags);
    auto marks =
        ~static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(set, _mm256_setzero_si256())));
    if (marks == 0) continue;
    _mm256_storeu_si256(flags, _mm256_setzero_si256());
#else
    std::uint32_t marks = 0;
    for (std::uint32_t i = 0; i < 32; i += 8) {
      std::uint64_t eight;
      __builtin_memcpy(&eight, touched + block + i, 8);
      if (eight == 0) continue;
      // Marks are 0 or 1: the product gathers them in the top byte.
      marks |= static_cast<std::uint32_t>(eight * 0x0102040810204080ULL >> 56) << i;
      __builtin_memset(touched + block + i, 0, 8);
    }
#endif
    for (; marks != 0; marks &= marks - 1) {
      const std::size_t first = (block + static_cast<std::size_t>(__builtin_ctz(marks))) * 16;
#if defined(__AVX512F__)
      const __m512i v = _mm512_loadu_si512(sums + first);
      const __mmask16 m = _mm512_test_epi32_mask(v, v);
      const __m512i up = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
      const __m512i c = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(first)), up);
      _mm512_storeu_si512(column + n, _mm512_maskz_compress_epi32(m, c));
      _mm512_storeu_si512(value + n, _mm512_maskz_compress_epi32(m, v));
      _mm512_storeu_si512(sums + first, _mm512_setzero_si512());
      n += static_cast<std::size_t>(_mm_popcnt_u32(m));
#elif defined(__AVX2__)
      for (std::size_t half = first; half < first + 16; half += 8) {
        const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums + half));
        const __m256i zero_lanes = _mm256_cmpeq_epi32(v, _mm256_setzero_si256());
        const auto m =
            255U & ~static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(zero_lanes)));
        const __m256i order = _mm256_load_si256(reinterpret_cast<const __m256i*>(kPairsTable.order[m]));
        const __m256i c = _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(half)), order);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(column + n), c);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(value + n), _mm256_permutevar8x32_epi32(v, order));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + half), _mm256_setzero_si256());
        n += static_cast<std::size_t>(_mm_popcnt_u32(m));
      }
#else
      for (std::size_t j = first; j < first + 16; ++j) {
        const std::uint32_t v = sums[j];
        column[n] = static_cast<std::uint32_t>(j);
        value[n] = v;
        n += static_cast<std::size_t>(v != 0);
        sums[j] = 0;
      }
#endif
    }
  }
  return n;
}
