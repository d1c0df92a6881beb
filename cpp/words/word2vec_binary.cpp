#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "words/word2vec_parts.hpp"

namespace stochos::words::word2vec {
namespace {

float little_endian_float(const char* bytes) noexcept {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap32(word);
  return std::bit_cast<float>(word);
}

std::string row_of(std::size_t row, std::size_t rows) {
  return "row " + std::to_string(row) + " of " + std::to_string(rows);
}

Word2vecTable read(const Source& source) {
  const std::string_view bytes = source.bytes;
  const std::size_t line_end = bytes.find('\n');
  const auto header =
      line_end == bytes.npos ? std::nullopt : parse_header(trimmed(bytes.substr(0, line_end)));
  if (!header) {
    fail(source, "line", 1,
         "a binary file begins with a line of two whole numbers, words and dimension; "
         "give binary=False for a text file");
  }
  if (header->dim == 0) fail(source, "line", 1, "the header says dimension 0");
  std::size_t place = line_end + 1;
  // A row takes two bytes and its numbers at least: nothing is allocated that the file cannot fill.
  const std::size_t room =
      header->dim > bytes.size() / 4 ? 0 : (bytes.size() - place) / (2 + 4 * header->dim);
  Word2vecTable table;
  table.binary = true;
  table.dim = header->dim;
  table.rows = std::min(header->rows, source.options.limit);
  if (table.rows == 0) fail(source, "line", 1, "the header says 0 vectors");
  table.matrix.reserve(std::min(room, table.rows) * table.dim);
  source.control.start(bytes.size());
  const std::size_t size = table.dim * 4;
  for (std::size_t row = 1; row <= table.rows; ++row) {
    if (source.control.stopped()) break;
    if (row > 1 && place < bytes.size() && bytes[place] == '\n') ++place;  // some writers end each vector so
    const std::size_t space = bytes.find(' ', place);
    if (space == bytes.npos || table.dim > (bytes.size() - space - 1) / 4) {
      fail(source, "row", row,
           "the file ends inside " + row_of(row, header->rows) +
               ", which is the number that the header "
               "says, in dimension " +
               std::to_string(table.dim) + "; is it cut off?");
    }
    const std::string_view word = bytes.substr(place, space - place);
    check_word(source, word, "row", row);
    if (word.find('\n') != word.npos)
      fail(source, "row", row, "the word holds a newline; does the dimension in the header fit?");
    table.words.append(word);
    table.word_ends.push_back(table.words.size());
    for (std::size_t j = 0; j < table.dim; ++j) {
      const float value = little_endian_float(bytes.data() + space + 1 + 4 * j);
      if (!std::isfinite(value))
        fail(source, "row", row, "number " + std::to_string(j + 1) + " is not finite");
      table.matrix.push_back(value);
    }
    source.control.advance(space + 1 + size - place);
    place = space + 1 + size;
  }
  const std::size_t rest = bytes.find_first_not_of("\r\n", place);
  if (table.rows == header->rows && rest != bytes.npos && !source.control.stopped()) {
    fail(source, "row", table.rows,
         "the header says " + std::to_string(header->rows) + " vectors, but " +
             std::to_string(bytes.size() - rest) +
             " bytes follow the last; mend the header, or "
             "give limit=" +
             std::to_string(header->rows));
  }
  return table;
}

}  // namespace

Word2vecTable read_binary(const Source& source) {
  Word2vecTable table;
  // One task: a row is found only from the end of the one before.
  parallel_run(1, 1, [&](std::size_t, unsigned) { table = read(source); }, source.control);
  return table;
}

}  // namespace stochos::words::word2vec
