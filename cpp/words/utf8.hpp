// UTF-8 as the Unicode standard has it (section 3.9, table 3-7): no overlong forms, no surrogates, nothing
// above U+10FFFF. Text comes in blocks, of which each may end inside a character.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace stochos::words {

enum class SequenceKind { valid, invalid, incomplete };
struct Sequence {
  SequenceKind kind;
  unsigned length;  // of the character, or of the maximal ill-formed part, which becomes one U+FFFD
};

// The first character of the n > 0 bytes at `text`.
inline Sequence first_sequence(const char* text, std::size_t n) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {SequenceKind::valid, 1};
  if (lead < 0xC2 || lead > 0xF4) return {SequenceKind::invalid, 1};
  const unsigned length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte is what rules out overlong forms, surrogates and numbers that are too large.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (n < 2) return {SequenceKind::incomplete, 1};
  if (byte(1) < low || byte(1) > high) return {SequenceKind::invalid, 1};
  for (unsigned i = 2; i < length; ++i) {
    if (i >= n) return {SequenceKind::incomplete, i};
    if ((byte(i) & 0xC0) != 0x80) return {SequenceKind::invalid, i};
  }
  return {SequenceKind::valid, length};
}

// Turns blocks of bytes into pieces of whole, valid characters; the byte order mark at the start of a source
// is left out.
class Utf8Reader {
 public:
  // With `replace`, ill-formed parts become U+FFFD, as bytes.decode(errors="replace") does; else they are an
  // error.
  explicit Utf8Reader(bool replace) : replace_(replace) {}

  void start(std::string source, bool skip_mark);
  // Two pieces, the first perhaps empty, that live until the next call. Throws Error(value) naming source,
  // line, byte.
  std::array<std::span<const char>, 2> feed(std::span<const char> block);
  // The piece that is left at the end of the source.
  std::span<const char> finish();
  // As if so much text of the source had been fed, up to the end of a character; somebody else reads it.
  void skip(std::uint64_t bytes, std::uint64_t lines) noexcept {
    if (bytes > 0) at_start_ = false;
    offset_ += bytes;
    lines_ += lines;
  }
  std::uint64_t lines() const noexcept { return lines_; }  // line ends fed

 private:
  [[noreturn]] void fail(std::uint64_t offset, std::uint64_t lines, unsigned char byte,
                         const char* what) const;
  std::size_t complete_pending(std::span<const char> block);
  std::span<const char> check(std::span<const char> block, std::size_t first);
  void skip_mark(std::span<const char>& piece);

  bool replace_, at_start_ = true;
  std::string source_;
  std::uint64_t offset_ = 0, lines_ = 0;  // bytes and line ends before the block at hand
  std::array<char, 4> pending_{};         // a character's beginning from earlier blocks
  unsigned pending_size_ = 0;
  std::array<char, 4> head_{};
  std::vector<char> scratch_;
};

}  // namespace stochos::words
