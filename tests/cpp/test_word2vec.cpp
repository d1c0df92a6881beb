// The readers of word2vec files as the core sees them, without Python: shapes, words, errors, every cut and
// every flip.
#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "check.hpp"
#include "words/word2vec.hpp"

using namespace stochos;
using words::first_bad_utf8;
using words::Word2vecHeader;
using words::Word2vecKind;
using words::Word2vecOptions;
using words::Word2vecTable;

namespace {

Word2vecTable read(const std::string& text, const Word2vecOptions& options = {}, unsigned threads = 1) {
  // A copy of the exact size on the heap: a sanitizer then sees a read past the end.
  const std::vector<char> bytes(text.begin(), text.end());
  Control control;
  return words::read_word2vec(bytes, options, "file", "test", threads, control);
}

std::string failure(const std::string& text, const Word2vecOptions& options = {}) {
  try {
    read(text, options);
  } catch (const Error& error) {
    return error.kind() == ErrorKind::format ? error.what() : "another kind of error";
  }
  return "";
}

std::string binary_row(const std::string& word, std::initializer_list<float> numbers) {
  std::string row = word + ' ';
  for (const float x : numbers) {
    char bytes[sizeof x];
    std::memcpy(bytes, &x, sizeof x);
    row.append(bytes, sizeof x);
  }
  return row;
}

}  // namespace

TEST(word2vec_text_gives_words_and_numbers) {
  const Word2vecTable table = read("2 3\nab 1 2 3\nc d 4 5 6\n");
  CHECK(table.rows == 2 && table.dim == 3 && table.words == "abc d" && !table.binary &&
        table.first_line == 2);
  CHECK((table.word_ends == std::vector<std::uint64_t>{2, 5}));
  CHECK((table.matrix == std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(word2vec_binary_gives_words_and_numbers) {
  const std::string a = binary_row("ab", {1, 2}), c = binary_row("c", {-3, 0.5F});
  for (const std::string& text : {"2 2\n" + a + c, "2 2\n" + a + "\n" + c + "\n"}) {
    const Word2vecTable table = read(text);
    CHECK(table.binary && table.words == "abc");
    CHECK((table.matrix == std::vector<float>{1, 2, -3, 0.5F}));
  }
}

TEST(word2vec_sizes_in_a_header_are_never_believed) {
  Word2vecOptions binary;
  binary.kind = Word2vecKind::binary;
  // 4 * dim and rows * dim wrap around to small numbers here.
  for (const char* dim :
       {"4611686018427387904", "18446744073709551615", "4611686018427387905", "1073741824"}) {
    for (const char* rows : {"1", "4", "18446744073709551615"}) {
      const std::string header = std::string(rows) + ' ' + dim + '\n';
      CHECK(!failure(header + "a 1 2 3 4\nb 1 2 3 4\nc 1 2 3 4\nd 1 2 3 4\n", binary).empty());
      CHECK(!failure(header + "a 1 2 3 4\nb 1 2 3 4\nc 1 2 3 4\nd 1 2 3 4\n").empty());
    }
  }
}

TEST(word2vec_cut_or_flipped_anywhere_loads_or_is_a_format_error) {
  const std::string text = "2 2\nab 1 2\nc\xC3\xA9 3e-1 4\n";
  const std::string bytes = "2 2\n" + binary_row("ab", {1, 2}) + "\n" + binary_row("c", {-3, 0.5F}) + "\n";
  int loaded = 0, refused = 0;
  for (const std::string& whole : {text, bytes}) {
    for (const Word2vecKind kind : {Word2vecKind::detect, Word2vecKind::text, Word2vecKind::binary}) {
      for (const Word2vecHeader header : {Word2vecHeader::detect, Word2vecHeader::yes, Word2vecHeader::no}) {
        Word2vecOptions options;
        options.kind = kind;
        options.header = header;
        const auto one = [&](const std::string& changed) {
          const std::string message = failure(changed, options);
          CHECK(message != "another kind of error");
          ++(message.empty() ? loaded : refused);
        };
        for (std::size_t i = 0; i <= whole.size(); ++i) {
          one(whole.substr(0, i));
          one(whole.substr(i));
          for (int value = 0; value < 256; ++value) {
            std::string changed = whole;
            if (i < whole.size()) changed[i] = static_cast<char>(value);
            one(changed);
          }
        }
      }
    }
  }
  CHECK(loaded > 1000 && refused > 1000);
}

TEST(word2vec_lines_are_numbered_across_blocks) {
  std::string text;
  for (int i = 0; i < 300000; ++i) {
    if (i == 290000) {
      text.append("bad nan\n");
    } else {
      text.append("w").append(std::to_string(i)).append(" 0.5\n");
    }
  }
  for (const unsigned threads : {1U, 3U}) {
    std::string message;
    try {
      read(text, {}, threads);
    } catch (const Error& error) {
      message = error.what();
    }
    CHECK(message.find("line 290001: 'nan' is not finite") != message.npos);
  }
}

TEST(utf8_is_checked_to_the_letter) {
  // Unicode 16, table 3-7: first and last of each range are well formed.
  for (const char* good : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    CHECK(first_bad_utf8(good) == std::string::npos);
  }
  for (const char* bad :
       {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xC2", "\xC2\x7F", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xEF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    CHECK(first_bad_utf8(std::string("ok").append(bad)) == 2);
  }
}
