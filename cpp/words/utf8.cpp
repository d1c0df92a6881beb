#include "words/utf8.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/error.hpp"
#include "kernels/table.hpp"

namespace stochos::words {
namespace {

constexpr std::array<char, 3> kReplacement = {'\xEF', '\xBF', '\xBD'};  // U+FFFD
constexpr std::array<char, 3> kByteOrderMark = {'\xEF', '\xBB', '\xBF'};

struct Prefix {
  std::size_t length;  // bytes that are whole, valid characters
  Sequence stop;       // what follows them; valid when nothing does
};

Prefix valid_prefix(std::span<const char> text, std::size_t from) {
  std::size_t i = from;
  while (i < text.size()) {
    if (i + 8 <= text.size()) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + i, 8);
      if ((word & 0x8080808080808080ULL) == 0) {
        i += 8;
        continue;
      }
    }
    const Sequence next = first_sequence(text.data() + i, text.size() - i);
    if (next.kind != SequenceKind::valid) return {i, next};
    i += next.length;
  }
  return {i, {SequenceKind::valid, 0}};
}

std::uint64_t line_ends(std::span<const char> text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

void Utf8Reader::start(std::string source, bool skip_mark) {
  source_ = std::move(source);
  at_start_ = skip_mark;
  offset_ = lines_ = 0;
  pending_size_ = 0;
}

void Utf8Reader::fail(std::uint64_t offset, std::uint64_t lines, unsigned char byte, const char* what) const {
  char hex[8];
  std::snprintf(hex, sizeof hex, "0x%02x", byte);
  throw Error(ErrorKind::value, "words.count",
              "byte " + std::string(hex) + " in " + source_ + ", line " + std::to_string(lines + 1) +
                  ", byte offset " + std::to_string(offset) + ", is not UTF-8 (" + what +
                  "); give errors='replace', or convert the text to UTF-8 first");
}

// Finishes the character that earlier blocks began; returns how many bytes of this block it took.
std::size_t Utf8Reader::complete_pending(std::span<const char> block) {
  std::size_t used = 0;
  while (used < block.size()) {
    pending_[pending_size_] = block[used];
    const Sequence next = first_sequence(pending_.data(), pending_size_ + 1);
    if (next.kind == SequenceKind::invalid) {
      // What was pending is the ill-formed part; the new byte begins something else.
      if (!replace_) {
        fail(offset_ + used - pending_size_, lines_, static_cast<unsigned char>(pending_[0]),
             "not followed by what it announces");
      }
      pending_size_ = 0;
      std::copy(kReplacement.begin(), kReplacement.end(), head_.begin());
      return used;
    }
    ++pending_size_;
    ++used;
    if (next.kind == SequenceKind::valid) {
      std::copy_n(pending_.begin(), pending_size_, head_.begin());
      pending_size_ = 0;
      return used;
    }
  }
  return used;
}

std::span<const char> Utf8Reader::check(std::span<const char> block, std::size_t first) {
  const std::span<const char> text = block.subspan(first);
  Prefix prefix = valid_prefix(text, kernels::table().ascii_prefix(text.data(), text.size()));
  std::span<const char> result = text.first(prefix.length);
  if (prefix.stop.kind == SequenceKind::invalid) {
    if (!replace_) {
      const unsigned char byte = static_cast<unsigned char>(text[prefix.length]);
      const bool lead = byte >= 0xC2 && byte <= 0xF4;
      fail(offset_ + first + prefix.length, lines_ + line_ends(result), byte,
           lead ? "not followed by what it announces" : "no character begins with it");
    }
    scratch_.assign(result.begin(), result.end());
    std::size_t at = prefix.length;
    while (prefix.stop.kind == SequenceKind::invalid) {
      scratch_.insert(scratch_.end(), kReplacement.begin(), kReplacement.end());
      const std::size_t from = at + prefix.stop.length;
      prefix = valid_prefix(text, from);
      scratch_.insert(scratch_.end(), text.begin() + static_cast<std::ptrdiff_t>(from),
                      text.begin() + static_cast<std::ptrdiff_t>(prefix.length));
      at = prefix.length;
    }
    result = scratch_;
  }
  if (prefix.stop.kind == SequenceKind::incomplete) {
    pending_size_ = static_cast<unsigned>(text.size() - prefix.length);
    std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(prefix.length), pending_size_, pending_.begin());
  }
  return result;
}

void Utf8Reader::skip_mark(std::span<const char>& piece) {
  if (!at_start_ || piece.empty()) return;
  at_start_ = false;
  if (piece.size() >= 3 && std::equal(kByteOrderMark.begin(), kByteOrderMark.end(), piece.begin()))
    piece = piece.subspan(3);
}

std::array<std::span<const char>, 2> Utf8Reader::feed(std::span<const char> block) {
  std::array<std::span<const char>, 2> pieces;
  std::size_t used = 0;
  if (pending_size_ > 0) {
    used = complete_pending(block);
    if (pending_size_ == 0) {
      // head_ holds one whole character.
      pieces[0] = std::span<const char>(head_).first(first_sequence(head_.data(), head_.size()).length);
    }
  }
  if (used < block.size()) pieces[1] = check(block, used);
  skip_mark(pieces[0]);
  skip_mark(pieces[1]);
  offset_ += block.size();
  lines_ += line_ends(block);
  return pieces;
}

std::span<const char> Utf8Reader::finish() {
  if (pending_size_ == 0) return {};
  if (!replace_) {
    fail(offset_ - pending_size_, lines_, static_cast<unsigned char>(pending_[0]),
         "the text ends inside a character");
  }
  pending_size_ = 0;
  return kReplacement;
}

}  // namespace stochos::words
