// Where tokens begin and end in text, 64 bytes at a time, and how far text is plain ASCII.
// White space here is ASCII's six: space, \t, \n, \v, \f, \r. All levels give the same bits.

static inline bool is_space(char byte) {
  const unsigned char c = static_cast<unsigned char>(byte);
  return c == ' ' || static_cast<unsigned char>(c - 9) < 5;
}

// Bit i of space_bits: byte i is white space.
#if defined(__AVX512BW__)
static inline std::uint64_t space_bits(const char* text) {
  const __m512i v = _mm512_loadu_si512(text);
  return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(' ')) |
         _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8(9)), _mm512_set1_epi8(5));
}
static inline bool all_ascii(const char* text) {
  return _mm512_movepi8_mask(_mm512_loadu_si512(text)) == 0;
}
#elif defined(__AVX2__)
static inline std::uint64_t space_bits_32(const char* text) {
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  const __m256i low = _mm256_sub_epi8(v, _mm256_set1_epi8(9));
  const __m256i control =
      _mm256_cmpeq_epi8(_mm256_min_epu8(low, _mm256_set1_epi8(4)), low);  // low <= 4, unsigned
  return static_cast<std::uint32_t>(
      _mm256_movemask_epi8(_mm256_or_si256(control, _mm256_cmpeq_epi8(v, _mm256_set1_epi8(' ')))));
}
static inline std::uint64_t space_bits(const char* text) {
  return space_bits_32(text) | space_bits_32(text + 32) << 32;
}
static inline bool all_ascii(const char* text) {
  const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + 32));
  return _mm256_movemask_epi8(_mm256_or_si256(a, b)) == 0;
}
#elif defined(__SSE2__)
static inline std::uint64_t space_bits_16(const char* text) {
  const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  const __m128i low = _mm_sub_epi8(v, _mm_set1_epi8(9));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(low, _mm_set1_epi8(4)), low);
  return static_cast<std::uint32_t>(
      _mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(v, _mm_set1_epi8(' ')))));
}
static inline std::uint64_t space_bits(const char* text) {
  return space_bits_16(text) | space_bits_16(text + 16) << 16 | space_bits_16(text + 32) << 32 |
         space_bits_16(text + 48) << 48;
}
static inline bool all_ascii(const char* text) {
  __m128i any = _mm_setzero_si128();
  for (int i = 0; i < 64; i += 16) {
    any = _mm_or_si128(any, _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + i)));
  }
  return _mm_movemask_epi8(any) == 0;
}
#else
static inline std::uint64_t space_bits(const char* text) {
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 64; ++i) bits |= static_cast<std::uint64_t>(is_space(text[i])) << i;
  return bits;
}
static inline bool all_ascii(const char* text) {
  unsigned char any = 0;
  for (unsigned i = 0; i < 64; ++i) any |= static_cast<unsigned char>(text[i]);
  return any < 0x80;
}
#endif

// Writes base + i for every i where a token begins or ends, that is where byte i and byte i-1 differ in being
// white space; *in_token says whether the byte before text[0] is of a token, and then whether text[n-1] is.
// Returns how many; `edges` has room for n + 64.
static std::size_t token_edges(const char* text, std::size_t n, std::uint32_t base, std::uint64_t* in_token,
                               std::uint32_t* edges) {
  std::uint32_t* out = edges;
  std::uint64_t inside = *in_token;
  for (std::size_t i = 0; i < n; i += 64) {
    const std::size_t size = n - i < 64 ? n - i : 64;
    std::uint64_t token, wanted = ~std::uint64_t{0};
    if (size == 64) {
      token = ~space_bits(text + i);
    } else {
      wanted = (std::uint64_t{1} << size) - 1;
      token = 0;
      for (std::size_t j = 0; j < size; ++j) token |= static_cast<std::uint64_t>(!is_space(text[i + j])) << j;
    }
    std::uint64_t bits = (token ^ (token << 1 | inside)) & wanted;
    inside = token >> (size - 1) & 1;
    const std::uint32_t here = base + static_cast<std::uint32_t>(i);
    std::uint32_t* const end = out + __builtin_popcountll(bits);
    // In groups of eight without asking: a wrong guess of the branch predictor costs more than idle writes.
    while (out < end) {
      for (int k = 0; k < 8; ++k) {
        out[k] = here + static_cast<std::uint32_t>(__builtin_ctzll(bits | std::uint64_t{1} << 63));
        bits &= bits - 1;
      }
      out += 8;
    }
    out = end;
  }
  *in_token = inside;
  return static_cast<std::size_t>(out - edges);
}

// Length of the longest beginning without a byte of 0x80 or more, rounded down to a multiple of 64 unless it
// is n.
static std::size_t ascii_prefix(const char* text, std::size_t n) {
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    if (!all_ascii(text + i)) return i;
  }
  unsigned char any = 0;
  for (std::size_t j = i; j < n; ++j) any |= static_cast<unsigned char>(text[j]);
  return any < 0x80 ? n : i;
}
