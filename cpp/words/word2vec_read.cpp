#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/error.hpp"
#include "words/word2vec_parts.hpp"

namespace stochos::words {

std::size_t first_bad_utf8(std::string_view text) noexcept {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t i = 0;
  while (i < text.size()) {
    const unsigned char c = s[i];
    if (c < 0x80) {
      ++i;
      continue;
    }
    // Unicode 16, table 3-7: the range of the second byte excludes overlong forms, surrogates and beyond
    // U+10FFFF.
    std::size_t length = 0;
    unsigned char low = 0x80, high = 0xBF;
    if (c >= 0xC2 && c <= 0xDF) length = 2;
    if (c >= 0xE0 && c <= 0xEF) length = 3;
    if (c >= 0xF0 && c <= 0xF4) length = 4;
    if (c == 0xE0) low = 0xA0;
    if (c == 0xED) high = 0x9F;
    if (c == 0xF0) low = 0x90;
    if (c == 0xF4) high = 0x8F;
    if (length == 0 || i + length > text.size() || s[i + 1] < low || s[i + 1] > high) return i;
    for (std::size_t j = 2; j < length; ++j) {
      if (s[i + j] < 0x80 || s[i + j] > 0xBF) return i;
    }
    i += length;
  }
  return std::string_view::npos;
}

namespace word2vec {

void fail(const Source& source, const char* unit, std::size_t number, const std::string& text) {
  throw Error(ErrorKind::format, source.where,
              source.name + ", " + unit + " " + std::to_string(number) + ": " + text);
}

std::string_view trimmed(std::string_view line) noexcept {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r'))
    line.remove_suffix(1);
  return line;
}

std::optional<Header> parse_header(std::string_view line) noexcept {
  Header header;
  const char* end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, header.rows);
  if (first.ec != std::errc() || first.ptr == end || (*first.ptr != ' ' && *first.ptr != '\t'))
    return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, header.dim);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return header;
}

const char* parse_number(const char* first, const char* last, float& value) noexcept {
  if (first != last && *first == '+' && last - first > 1 && first[1] != '-') ++first;
  const auto result = std::from_chars(first, last, value);
  if (result.ec == std::errc::result_out_of_range && result.ptr == last) {
    // Too large or too small for float32: double tells which; beyond double the sign of the exponent does.
    double wide = 0;
    const std::string_view text(first, static_cast<std::size_t>(last - first));
    const bool fits = std::from_chars(first, last, wide).ec == std::errc();
    const bool tiny = fits ? std::abs(wide) < 1
                           : text.size() < 64 && text.find_first_of("eE") != text.npos &&
                                 text[text.find_first_of("eE") + 1] == '-';
    if (!tiny) return "is too large for float32";
    value = *first == '-' ? -0.0F : 0.0F;
    if (fits) value = static_cast<float>(wide);
    return nullptr;
  }
  if (result.ec != std::errc() || result.ptr != last) return "is not a number";
  return std::isfinite(value) ? nullptr : "is not finite";
}

std::size_t trailing_numbers(std::string_view line) noexcept {
  std::size_t count = 0;
  for (;;) {
    const std::size_t space = line.rfind(' ');
    float value = 0;
    if (space == line.npos) return count;
    const char* problem = parse_number(line.data() + space + 1, line.data() + line.size(), value);
    if (problem != nullptr && std::strcmp(problem, "is not a number") == 0) return count;
    ++count;
    line.remove_suffix(line.size() - space);
  }
}

bool is_row(std::string_view line, std::size_t dim) noexcept {
  return dim > 0 && trailing_numbers(line) >= dim;
}

void check_word(const Source& source, std::string_view word, const char* unit, std::size_t number) {
  if (word.empty()) fail(source, unit, number, "the word is empty");
  if (!source.options.check_utf8) return;
  const std::size_t bad = first_bad_utf8(word);
  if (bad == word.npos) return;
  const std::size_t place =
      static_cast<std::size_t>(word.data() - source.bytes.data()) + bad + source.skipped;
  char byte[8];
  std::snprintf(byte, sizeof byte, "0x%02X", static_cast<unsigned char>(word[bad]));
  fail(source, unit, number,
       "the byte " + std::string(byte) + " at offset " + std::to_string(place) +
           " is not UTF-8; save the file as UTF-8 or give errors='replace'");
}

namespace {

// Binary files show bytes that no line of text holds, within the first vector.
bool looks_binary(const Source& source) {
  const std::size_t end = source.bytes.find('\n');
  const auto header = parse_header(trimmed(source.bytes.substr(0, end)));
  if (!header || end == source.bytes.npos) return false;
  const std::string_view rest = source.bytes.substr(end + 1);
  if (rest.empty()) return false;
  const std::string_view line = rest.substr(0, rest.find('\n'));
  if (is_row(trimmed(line), header->dim)) return false;
  // Malformed text must be reported as text: call it binary only when it could not be a line at all.
  const bool control_bytes = std::any_of(line.begin(), line.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r';
  });
  return control_bytes || first_bad_utf8(line) != line.npos;
}

}  // namespace
}  // namespace word2vec

Word2vecTable read_word2vec(std::span<const char> bytes, const Word2vecOptions& options,
                            const std::string& name, const std::string& where, unsigned threads,
                            Control& control) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  std::string_view text(bytes.data(), bytes.size());
  const std::size_t skipped = text.substr(0, kMark.size()) == kMark ? kMark.size() : 0;
  text.remove_prefix(skipped);
  const word2vec::Source source{text, skipped, name, where, options, threads, control};
  if (text.empty()) throw Error(ErrorKind::format, where, name + " is empty; it should hold word vectors");
  const bool binary = options.kind == Word2vecKind::binary ||
                      (options.kind == Word2vecKind::detect && options.header != Word2vecHeader::no &&
                       word2vec::looks_binary(source));
  return binary ? word2vec::read_binary(source) : word2vec::read_text(source);
}

}  // namespace stochos::words
