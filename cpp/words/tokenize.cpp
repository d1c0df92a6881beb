#include "words/tokenize.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "kernels/table.hpp"
#include "words/utf8.hpp"

namespace stochos::words {
namespace {

// Bytes whose token edges are found at once: they stay in the first cache.
constexpr std::size_t kChunk = 4096;
constexpr std::size_t kLongestToken = std::size_t{1} << 26;  // no word: an archive of one byte over and over
// Tokens whose table entries are on their way from memory together.
constexpr std::size_t kBatch = 32;
constexpr std::size_t kPiece = std::size_t{1} << 20;  // of room reserved for ids; offsets in it fit 32 bits

bool has_line_end(const char* begin, const char* end) noexcept {
  return std::memchr(begin, '\n', static_cast<std::size_t>(end - begin)) != nullptr;
}

std::uint32_t code_point(const char* text, unsigned length) noexcept {
  const auto byte = [text](unsigned i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  switch (length) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  }
}

// White_Space of the Unicode character database, and the four separators U+001C..1F that Python counts too.
bool is_unicode_space(std::uint32_t c) noexcept {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace

template <class Types>
void Splitter<Types>::feed(std::span<const char> text, bool padded) {
  while (!text.empty()) {
    const std::size_t size = std::min(text.size(), kPiece);
    const bool last = size == text.size();
    // A piece that is not the last has text behind it; a character may be cut only where characters don't
    // matter.
    if (tokenizer_ == Tokenizer::whitespace) {
      split_whitespace(text.first(size), last ? padded : text.size() - size >= 16);
      text = text.subspan(size);
    } else {
      std::size_t whole = size;
      while (!last && (static_cast<unsigned char>(text[whole]) & 0xC0) == 0x80) --whole;
      split_characters(text.first(whole));
      text = text.subspan(whole);
    }
  }
}

template <class Types>
void Splitter<Types>::split_whitespace(std::span<const char> text, bool padded) {
  const char* const data = text.data();
  const std::size_t n = text.size();
  // Of n bytes come at most n/2 + 1 tokens, and one line end before each and one behind all.
  std::uint32_t* const begin = ids_.reserve(n + 4);
  std::uint32_t* out = begin;
  std::size_t at = 0;  // everything before is dealt with; data[at] is white space unless at == 0 or at == n
  if (!open_token_.empty()) {
    while (at < n && !is_ascii_space(data[at])) ++at;
    open_token_.append(data, at);
    if (open_token_.size() > kLongestToken) {
      throw Error(ErrorKind::value, "words.count",
                  "more than 64 MiB come without white space between; is this a text, and its words cut?");
    }
    if (at == n) return;
    *out++ = vocabulary_.add(Vocabulary::key_of(open_token_.data(), open_token_.size()));
    open_token_.clear();
  }
  const std::size_t readable = padded ? n + 16 : n;
  const auto token_edges = kernels::table().token_edges;
  std::uint32_t edges[1 + kChunk + 64];
  TokenKey keys[kBatch];
  std::size_t pending = 0;  // 1 when edges[0] is the start of a token whose end is to come
  std::uint64_t in_token = 0;
  auto gap = static_cast<std::uint32_t>(at);  // where the white space before the next token begins
  for (; at < n; at += kChunk) {
    const std::size_t found =
        pending + token_edges(data + at, std::min(kChunk, n - at), static_cast<std::uint32_t>(at), &in_token,
                              edges + pending);
    const std::size_t tokens = found / 2;
    for (std::size_t first = 0; first < tokens; first += kBatch) {
      const std::size_t count = std::min(kBatch, tokens - first);
      const std::uint32_t* const edge = edges + 2 * first;
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t start = edge[2 * i], length = edge[2 * i + 1] - start;
        keys[i] = start + 16 <= readable ? Vocabulary::key_of_padded(data + start, length)
                                         : Vocabulary::key_of(data + start, length);
        vocabulary_.prefetch(keys[i]);
      }
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t start = edge[2 * i];
        *out = kLineEndId;
        if (start - gap == 1) {
          out += data[gap] == '\n';
        } else {
          out += has_line_end(data + gap, data + start);
        }
        gap = edge[2 * i + 1];
        *out++ = vocabulary_.add(keys[i]);
      }
    }
    pending = found & 1;
    if (pending != 0) edges[0] = edges[found - 1];
  }
  const std::size_t end = pending != 0 ? edges[0] : n;  // where the last white space ends
  if (has_line_end(data + gap, data + end)) *out++ = kLineEndId;
  if (pending != 0) open_token_.assign(data + end, n - end);
  ids_.commit(static_cast<std::size_t>(out - begin));
}

template <class Types>
void Splitter<Types>::split_characters(std::span<const char> text) {
  const std::size_t n = text.size();
  std::uint32_t* const begin = ids_.reserve(n);
  std::uint32_t* out = begin;
  TokenKey keys[kBatch];
  for (std::size_t i = 0; i < n;) {
    std::size_t count = 0;
    bool line_end = false;
    for (; i < n && count < kBatch && !line_end;) {
      const unsigned length = first_sequence(text.data() + i, n - i).length;
      const std::uint32_t c = code_point(text.data() + i, length);
      line_end = c == '\n';
      if (!is_unicode_space(c)) {
        keys[count] = Vocabulary::key_of(text.data() + i, length);
        vocabulary_.prefetch(keys[count++]);
      }
      i += length;
    }
    for (std::size_t k = 0; k < count; ++k) *out++ = vocabulary_.add(keys[k]);
    if (line_end) *out++ = kLineEndId;
  }
  ids_.commit(static_cast<std::size_t>(out - begin));
}

template <class Types>
void Splitter<Types>::add_tokens(std::span<const std::string_view> tokens) {
  std::uint32_t* out = ids_.reserve(tokens.size());
  TokenKey keys[kBatch];
  for (std::size_t first = 0; first < tokens.size(); first += kBatch) {
    const std::size_t count = std::min(kBatch, tokens.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      keys[i] = Vocabulary::key_of(tokens[first + i].data(), tokens[first + i].size());
      vocabulary_.prefetch(keys[i]);
    }
    for (std::size_t i = 0; i < count; ++i) *out++ = vocabulary_.add(keys[i]);
  }
  ids_.commit(tokens.size());
}

template <class Types>
void Splitter<Types>::end_token() {
  if (open_token_.empty()) return;
  const std::string_view token = open_token_;
  add_tokens({&token, 1});
  open_token_.clear();
}

template <class Types>
void Splitter<Types>::end_line() {
  end_token();
  *ids_.reserve(1) = kLineEndId;
  ids_.commit(1);
}

template class Splitter<Vocabulary>;
template class Splitter<TypesBeside>;

}  // namespace stochos::words
