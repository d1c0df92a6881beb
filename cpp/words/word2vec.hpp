// The word2vec formats. Text: an optional line "V d", then one line "word x1 ... xd" per word. Binary: the
// line "V d", then per word its bytes, one space, d little-endian float32 and perhaps a newline.
//
// Only the byte 0x20 separates fields and only 0x0A ends a line: every other white space belongs to the word.
// Whatever does not add up is an Error(format) that names the line (text) or the row (binary).
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/control.hpp"

namespace stochos::words {

enum class Word2vecKind { detect, text, binary };
enum class Word2vecHeader { detect, yes, no };

struct Word2vecOptions {
  Word2vecKind kind = Word2vecKind::detect;
  Word2vecHeader header = Word2vecHeader::detect;               // binary files always have one
  bool check_utf8 = true;                                       // false: the words are handed on as they are
  std::size_t limit = std::numeric_limits<std::size_t>::max();  // rows beyond it are not read
};

struct Word2vecTable {
  std::size_t rows = 0, dim = 0;
  std::vector<float> matrix;             // rows x dim
  std::string words;                     // UTF-8, one after the other
  std::vector<std::uint64_t> word_ends;  // rows
  bool binary = false;
  std::size_t first_line = 1;  // 1-based line of row 0 in a text file
};

// `name` stands in the errors for the file. The result does not depend on `threads`.
Word2vecTable read_word2vec(std::span<const char> bytes, const Word2vecOptions& options,
                            const std::string& name, const std::string& where, unsigned threads,
                            Control& control);

// Writes whole or not at all. Numbers are the shortest decimals that read back to the same float32. The words
// must have been checked: not empty, no newline.
void write_word2vec(const std::string& path, std::span<const float> matrix, std::size_t dim,
                    std::string_view words, std::span<const std::uint64_t> word_ends, bool binary,
                    bool header, const std::string& where, Control& control);

// Place of the first byte that is not part of well-formed UTF-8, or npos.
std::size_t first_bad_utf8(std::string_view text) noexcept;

}  // namespace stochos::words
