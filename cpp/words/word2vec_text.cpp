#include <algorithm>
#include <charconv>
#include <cmath>
#include <exception>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "words/word2vec_parts.hpp"

namespace stochos::words::word2vec {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

// A stretch of whole lines, and what was read from it.
struct Block {
  std::size_t begin = 0, end = 0;  // in Source::bytes; `end` is after a newline or the end of the text
  std::size_t lines = 0, first_row = 0;
  std::string words;
  std::vector<std::uint64_t> word_ends;
  std::exception_ptr failure;
};

class Reader {
 public:
  explicit Reader(const Source& source) : source_(source), text_(source.bytes) {
    // White space after the last row is no row.
    const std::size_t last = text_.find_last_not_of(" \t\r\n");
    text_ = text_.substr(0, last == text_.npos ? 0 : last + 1);
    if (text_.empty()) fail(source_, "line", 1, "the file holds only white space");
  }

  Word2vecTable read() {
    read_first_line();
    divide();
    table_.rows = std::min(lines_, source_.options.limit);
    check_count();
    check_room();
    table_.matrix.resize(table_.rows * table_.dim);
    source_.control.start(text_.size() - body_);
    parallel_run(
        blocks_.size(), source_.threads,
        [&](std::size_t b, unsigned) {
          try {
            parse(blocks_[b]);
          } catch (...) {
            blocks_[b].failure = std::current_exception();
          }
          source_.control.advance(blocks_[b].end - blocks_[b].begin);
        },
        source_.control);
    return gather();
  }

 private:
  void read_first_line() {
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    const std::string_view line = trimmed(text_.substr(0, end));
    if (source_.options.header != Word2vecHeader::no) header_ = parse_header(line);
    if (source_.options.header == Word2vecHeader::yes && !header_) {
      fail(source_, "line", 1,
           "this is no header; it should hold two whole numbers, words and dimension; "
           "give header=False for a file without one");
    }
    if (header_) {
      if (header_->dim == 0) fail(source_, "line", 1, "the header says dimension 0");
      body_ = std::min(end + 1, text_.size());
      table_.first_line = 2;
      table_.dim = header_->dim;
    }
    if (!header_) {
      table_.dim = trailing_numbers(line);
      if (table_.dim == 0) fail(source_, "line", 1, "neither a header nor a word with numbers after it");
    }
  }

  // Cuts the body in blocks of whole lines and numbers their rows.
  void divide() {
    for (std::size_t begin = body_; begin < text_.size();) {
      std::size_t end = std::min(begin + kBlockBytes, text_.size());
      if (end < text_.size()) end = std::min(text_.find('\n', end - 1), text_.size() - 1) + 1;
      blocks_.emplace_back();
      blocks_.back().begin = begin;
      blocks_.back().end = end;
      begin = end;
    }
    parallel_run(
        blocks_.size(), source_.threads,
        [&](std::size_t b, unsigned) {
          Block& block = blocks_[b];
          block.lines = static_cast<std::size_t>(
              std::count(text_.begin() + static_cast<std::ptrdiff_t>(block.begin),
                         text_.begin() + static_cast<std::ptrdiff_t>(block.end), '\n'));
          if (block.end == text_.size())
            ++block.lines;  // the last line ends with the text, its newline was cut off
        },
        source_.control);
    for (Block& block : blocks_) {
      block.first_row = lines_;
      lines_ += block.lines;
    }
  }

  void check_count() const {
    if (!header_) return;
    const bool short_of = lines_ < std::min(header_->rows, source_.options.limit);
    const bool beyond = lines_ > header_->rows && source_.options.limit > header_->rows;
    if (!short_of && !beyond) return;
    fail(source_, "line", 1,
         "the header says " + std::to_string(header_->rows) + " vectors, but " + std::to_string(lines_) +
             " lines follow; " +
             (short_of ? "is the file cut off?"
                       : "mend the header, or give limit=" + std::to_string(header_->rows)));
  }

  // Nothing is allocated that the text cannot fill: a number takes two bytes or more.
  void check_room() const {
    if (table_.rows == 0) fail(source_, "line", 1, "the file holds no vectors");
    if (table_.dim <= (text_.size() - body_) / 2 / table_.rows) return;
    std::size_t begin = body_;
    for (std::size_t row = 0; row < table_.rows; ++row) {
      const std::size_t end = std::min(text_.find('\n', begin), text_.size());
      const std::string_view line = trimmed(text_.substr(begin, end - begin));
      if (line.size() / 2 < table_.dim) fail(source_, "line", table_.first_line + row, wrong_fields(line));
      begin = end + 1;
    }
  }

  void parse(Block& block) {
    std::size_t row = block.first_row;
    for (std::size_t begin = block.begin; begin < block.end && row < table_.rows; ++row) {
      if (source_.control.stopped()) return;
      const std::size_t end = std::min(text_.find('\n', begin), block.end);
      parse_row(trimmed(text_.substr(begin, end - begin)), row, block);
      begin = end + 1;
    }
  }

  void parse_row(std::string_view line, std::size_t row, Block& block) {
    float* out = &table_.matrix[row * table_.dim];
    const std::size_t number = table_.first_line + row;
    std::size_t space = line.find(' ');
    const char* problem = nullptr;
    std::string_view field;
    if (space == line.npos || !parse_fields(line.substr(space + 1), out, problem, field)) {
      // Not one word and d numbers. A word with spaces is legal: the last d fields are the numbers.
      space = place_before_last(line, table_.dim);
      if (space == line.npos || extra_are_numbers(line.substr(0, space)))
        fail(source_, "line", number, wrong_fields(line));
      if (!parse_fields(line.substr(space + 1), out, problem, field)) {
        const std::string text =
            first_bad_utf8(field) == field.npos ? std::string(field.substr(0, 40)) : "(not UTF-8)";
        fail(source_, "line", number, "'" + text + "' " + (problem == nullptr ? "is not a number" : problem));
      }
    }
    const std::string_view word = line.substr(0, space);
    check_word(source_, word, "line", number);
    block.words.append(word);
    block.word_ends.push_back(block.words.size());
  }

  // Exactly d numbers separated by single spaces.
  bool parse_fields(std::string_view text, float* out, const char*& problem, std::string_view& field) const {
    const char* p = text.data();
    const char* end = p + text.size();
    for (std::size_t j = 0; j < table_.dim; ++j) {
      const bool last = j + 1 == table_.dim;
      const auto quick = std::from_chars(p, end, out[j]);
      if (quick.ec != std::errc() || (quick.ptr == end ? !last : *quick.ptr != ' ') ||
          !std::isfinite(out[j])) {
        const std::size_t stop = std::min(std::string_view(p, static_cast<std::size_t>(end - p)).find(' '),
                                          static_cast<std::size_t>(end - p));
        field = {p, stop};
        problem = parse_number(p, p + stop, out[j]);
        if (problem != nullptr || last != (p + stop == end)) return false;
        p += stop + (last ? 0 : 1);
      } else {
        if (last && quick.ptr != end) return false;
        p = quick.ptr + (last ? 0 : 1);
      }
    }
    return true;
  }

  static std::size_t place_before_last(std::string_view line, std::size_t fields) {
    std::size_t place = line.size();
    for (std::size_t j = 0; j < fields; ++j) {
      if (place == 0) return line.npos;
      place = line.rfind(' ', place - 1);
      if (place == line.npos) return line.npos;
    }
    return place;
  }

  // "cat 0.5" before d numbers is a row with one number too many, not a word with a space.
  static bool extra_are_numbers(std::string_view word) {
    const std::size_t space = word.find(' ');
    return space != word.npos &&
           trailing_numbers(word) == static_cast<std::size_t>(std::count(word.begin(), word.end(), ' '));
  }

  std::string wrong_fields(std::string_view line) const {
    if (line.empty()) return "the line is empty";
    return "a word and " + std::to_string(table_.dim) + " numbers should stand here" +
           (header_ ? " (by the header)" : " (as in line 1)") + ", but there are " +
           std::to_string(std::count(line.begin(), line.end(), ' ') + 1) + " fields";
  }

  Word2vecTable gather() {
    // The first failure in the order of the file, whichever thread met its own first.
    for (const Block& block : blocks_) {
      if (block.failure) std::rethrow_exception(block.failure);
    }
    for (Block& block : blocks_) {
      const std::uint64_t offset = table_.words.size();
      table_.words += block.words;
      for (const std::uint64_t end : block.word_ends) table_.word_ends.push_back(offset + end);
      block.words = {};
    }
    return std::move(table_);
  }

  const Source& source_;
  std::string_view text_;
  std::optional<Header> header_;
  std::size_t body_ = 0, lines_ = 0;
  std::vector<Block> blocks_;
  Word2vecTable table_;
};

}  // namespace

Word2vecTable read_text(const Source& source) {
  return Reader(source).read();
}

}  // namespace stochos::words::word2vec
