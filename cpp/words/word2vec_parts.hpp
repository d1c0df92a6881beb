// Pieces shared by the text and the binary reader of word2vec files; nothing else includes this.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "words/word2vec.hpp"

namespace stochos::words::word2vec {

struct Header {
  std::size_t rows = 0, dim = 0;
};

struct Source {
  std::string_view bytes;  // without the byte order mark
  std::size_t skipped;     // bytes before them
  const std::string& name;
  const std::string& where;
  const Word2vecOptions& options;
  unsigned threads;
  Control& control;
};

// "[where] name, line n: text".
[[noreturn]] void fail(const Source& source, const char* unit, std::size_t number, const std::string& text);

// A line as it stands between two newlines: a carriage return, spaces and tabs at its end are not part of it.
std::string_view trimmed(std::string_view line) noexcept;

// "V d", two whole numbers and nothing else.
std::optional<Header> parse_header(std::string_view line) noexcept;

// One number, whole field: finite float32, correctly rounded; too small becomes zero. Returns null or what is
// wrong.
const char* parse_number(const char* first, const char* last, float& value) noexcept;

// Numbers at the end of a trimmed line, separated by single spaces, the first field left out.
std::size_t trailing_numbers(std::string_view line) noexcept;

// True when the last `dim` fields of the line are numbers with a word before them.
bool is_row(std::string_view line, std::size_t dim) noexcept;

void check_word(const Source& source, std::string_view word, const char* unit, std::size_t number);

Word2vecTable read_text(const Source& source);
Word2vecTable read_binary(const Source& source);

}  // namespace stochos::words::word2vec
