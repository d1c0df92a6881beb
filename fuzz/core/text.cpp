// The text of words.count: UTF-8, strict or mended, cut into words or characters, whole or in pieces.
#include <algorithm>
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/control.hpp"
#include "base/error.hpp"
#include "kernels/table.hpp"
#include "targets.hpp"
#include "words/corpus.hpp"

namespace stochos::kernels {
namespace fuzzed {
#include "kernels/text.inl"
}  // namespace fuzzed

// Of all kernels those that texts need; the others would take minutes to compile.
const Table& table() {
  static constexpr Table only = [] {
    Table t = {};
    t.token_edges = fuzzed::token_edges;
    t.ascii_prefix = fuzzed::ascii_prefix;
    return t;
  }();
  return only;
}

}  // namespace stochos::kernels

namespace fuzz {
namespace {

using namespace stochos;

struct Read {
  std::vector<std::string> words;
  std::vector<std::uint64_t> frequencies;
  std::vector<std::uint32_t> ids;
  std::string error;
  bool operator==(const Read&) const = default;
};

Read read(const std::string& data, words::Tokenizer tokenizer, bool replace, std::size_t piece) {
  Read made;
  Control control;
  try {
    words::Corpus corpus(tokenizer, replace, std::size_t{1} << 26, "/tmp");
    corpus.start_source("fuzz", true);
    for (std::size_t at = 0; at < data.size(); at += piece) {
      const std::vector<char> exact(
          data.begin() + static_cast<std::ptrdiff_t>(at),
          data.begin() + static_cast<std::ptrdiff_t>(std::min(at + piece, data.size())));
      corpus.add_bytes(exact);
    }
    corpus.end_source();
    words::Selection all;
    all.min_count = 0;
    corpus.finish(all, control);
    made.words = corpus.words();
    made.frequencies = corpus.frequencies();
    made.ids.assign(corpus.ids().begin(), corpus.ids().end());
  } catch (const Error& error) {
    made.error = error.what();
  }
  return made;
}

std::string text(const std::string& data) {
  const std::size_t piece = data.empty() ? 1 : 1 + static_cast<unsigned char>(data[0]) % 67;
  const auto tokenizer = data.size() % 2 == 0 ? words::Tokenizer::whitespace : words::Tokenizer::characters;
  const Read strict = read(data, tokenizer, false, data.size() + 1);
  want(read(data, tokenizer, false, piece) == strict, "strict in pieces");
  const Read mended = read(data, tokenizer, true, piece);
  want(mended.error.empty(), "an error though it may mend");
  want(strict.error.empty() ? strict == mended : mended == read(data, tokenizer, true, data.size() + 1),
       "mended, though nothing was wrong, or otherwise in pieces");
  return strict.error;
}

}  // namespace

Target text_target() {
  const std::string chinese = "\xe4\xb8\xad\xe6\x96\x87 \xe6\x96\x87\n";
  return {"text of words.count",
          text,
          {"a b  a\tc\r\nb c\n", chinese, "\xef\xbb\xbf" + std::string("mark a\n"),
           "\xf0\x9f\x98\x80 \xc3\xa9\xc2\x85x\n", std::string(130, 'w') + " " + std::string(70, 'v') + "\n"},
          {"\n", " ", "\t", "\xe4\xb8\xad", "\xef\xbb\xbf", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80",
           "\xe3\x80\x80", std::string(1, '\0'), "\xff"},
          20};
}

}  // namespace fuzz
