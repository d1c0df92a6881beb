// The two inner loops of counting pairs (words/pairs.cpp): collecting the neighbours of occurrences, and
// emptying a row of sums. Ids are read as signed: words are >= 0, a line end is -1, a hole -2, so that one
// signed comparison with the own id leaves both out.

inline constexpr std::int32_t kPairsLineEnd = -1;
inline constexpr std::size_t kPairsChunk = 16;  // neighbours per step on one side
inline constexpr std::size_t kPairsAhead = 12;  // occurrences between a prefetch and its use

#if defined(__AVX512F__) || defined(__AVX2__)

#if defined(__AVX512F__)
// Lanes of 16 ids that are words above `floor`, and the lanes that are line ends.
static inline void pairs_masks(const std::int32_t* p, std::int32_t floor, __m512i& ids, std::uint32_t& words,
                               std::uint32_t& ends) {
  ids = _mm512_loadu_si512(p);
  words = _mm512_cmpgt_epi32_mask(ids, _mm512_set1_epi32(floor));
  ends = _mm512_cmpeq_epi32_mask(ids, _mm512_set1_epi32(kPairsLineEnd));
}

template <bool distances, bool left>
static inline std::size_t pairs_pack(__m512i ids, std::uint32_t mask, std::uint32_t base, std::uint32_t* out,
                                     std::uint32_t* out_distance) {
  const auto m = static_cast<__mmask16>(mask);
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(m, ids));
  if constexpr (distances) {
    const __m512i up = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i start = _mm512_set1_epi32(static_cast<int>(base));
    const __m512i d = left ? _mm512_sub_epi32(start, up) : _mm512_add_epi32(start, up);
    _mm512_storeu_si512(out_distance, _mm512_maskz_compress_epi32(m, d));
  }
  return static_cast<std::size_t>(_mm_popcnt_u32(mask));
}
using PairsIds = __m512i;
#else
struct PairsIds {
  __m256i low, high;
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

static inline void pairs_masks(const std::int32_t* p, std::int32_t floor, PairsIds& ids, std::uint32_t& words,
                               std::uint32_t& ends) {
  ids.low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  ids.high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8));
  const __m256i f = _mm256_set1_epi32(floor), e = _mm256_set1_epi32(kPairsLineEnd);
  const auto mask = [](__m256i a) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(a)));
  };
  words = mask(_mm256_cmpgt_epi32(ids.low, f)) | mask(_mm256_cmpgt_epi32(ids.high, f)) << 8;
  ends = mask(_mm256_cmpeq_epi32(ids.low, e)) | mask(_mm256_cmpeq_epi32(ids.high, e)) << 8;
}

template <bool distances, bool left>
static inline std::size_t pairs_pack(const PairsIds& ids, std::uint32_t mask, std::uint32_t base,
                                     std::uint32_t* out, std::uint32_t* out_distance) {
  const std::uint32_t low = mask & 255U, high = mask >> 8;
  const __m256i a = _mm256_load_si256(reinterpret_cast<const __m256i*>(kPairsTable.order[low]));
  const __m256i b = _mm256_load_si256(reinterpret_cast<const __m256i*>(kPairsTable.order[high]));
  const auto n = static_cast<std::size_t>(_mm_popcnt_u32(low));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(ids.low, a));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + n), _mm256_permutevar8x32_epi32(ids.high, b));
  if constexpr (distances) {
    const auto at = [&](std::uint32_t shift, __m256i lanes) {
      const __m256i start = _mm256_set1_epi32(static_cast<int>(left ? base - shift : base + shift));
      return left ? _mm256_sub_epi32(start, lanes) : _mm256_add_epi32(start, lanes);
    };
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out_distance), at(0, a));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out_distance + n), at(8, b));
  }
  return n + static_cast<std::size_t>(_mm_popcnt_u32(high));
}
#endif

// Neighbours of the occurrence at p with ids above `floor` on the left and above `floor_right` on the right.
template <bool distances>
static inline std::size_t pairs_around(const std::int32_t* p, std::int32_t floor, std::int32_t floor_right,
                                       std::uint32_t window, std::uint32_t* out,
                                       std::uint32_t* out_distance) {
  std::size_t n = 0;
  PairsIds ids;
  std::uint32_t words, ends;
  for (std::uint32_t done = 0; done < window;
       done += kPairsChunk) {  // to the right, the nearest in the lowest lane
    const std::uint32_t rest = window - done, inside = rest < kPairsChunk ? (1U << rest) - 1 : 0xFFFFU;
    pairs_masks(p + 1 + done, floor_right, ids, words, ends);
    ends &= inside;
    words &= inside & (ends ^ (ends - 1));  // up to the nearest line end, or all when there is none
    n += pairs_pack<distances, false>(ids, words, done, out + n, out_distance + n);
    if (rest <= kPairsChunk || ends != 0) break;
  }
  for (std::uint32_t done = 0; done < window;
       done += kPairsChunk) {  // to the left, the nearest in the highest lane
    const std::uint32_t rest = window - done;
    const std::uint32_t inside = rest < kPairsChunk ? 0xFFFFU & (0xFFFFU << (kPairsChunk - rest)) : 0xFFFFU;
    pairs_masks(p - done - kPairsChunk, floor, ids, words, ends);
    ends &= inside;
    words &= inside & (0xFFFFFFFFU << (32U - _lzcnt_u32(ends)));
    n += pairs_pack<distances, true>(ids, words, done + kPairsChunk - 1, out + n, out_distance + n);
    if (rest <= kPairsChunk || ends != 0) break;
  }
  return n;
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
  const std::size_t reach = (window + kPairsChunk - 1) / kPairsChunk * kPairsChunk;
  std::size_t n = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const auto ahead = static_cast<std::size_t>(positions[k + kPairsAhead]);
    const char* line = reinterpret_cast<const char*>(ids + ahead);
    __builtin_prefetch(line - (window < 16 ? 4 * window : 64));
    __builtin_prefetch(line + (window < 16 ? 4 * window : 64));
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
