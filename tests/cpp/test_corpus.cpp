#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/control.hpp"
#include "base/error.hpp"
#include "check.hpp"
#include "folder.hpp"
#include "kernels/table.hpp"
#include "random/stream.hpp"
#include "words/corpus.hpp"

using namespace stochos;
using namespace stochos::words;

namespace {

constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

std::string some_text(std::size_t size, const std::string& alphabet, std::uint64_t seed) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) {
    seed = random::mix(seed + 0x9E3779B97F4A7C15ULL);
    text[i] = alphabet[seed % alphabet.size()];
  }
  return text;
}

bool space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

void feed(Corpus& corpus, std::string_view text, std::size_t block) {
  corpus.start_source("test", true);
  for (std::size_t i = 0; i < text.size(); i += block) {
    const std::string_view part = text.substr(i, block);
    // A copy of exactly this size, so that the address sanitizer sees a read past its end.
    const std::vector<char> exact(part.begin(), part.end());
    corpus.add_bytes(exact);
  }
  corpus.end_source();
}

struct Result {
  std::vector<std::string> words;
  std::vector<std::uint64_t> frequencies;
  std::vector<std::uint32_t> ids;
  bool operator==(const Result&) const = default;
};

Result finish(Corpus& corpus, const Selection& selection = {}) {
  Control control;
  corpus.finish(selection, control);
  return {corpus.words(), corpus.frequencies(), {corpus.ids().begin(), corpus.ids().end()}};
}

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Random tokens of 1 to 40 bytes with NUL and bytes that only differ late, several of each.
std::string many_types(std::size_t tokens) {
  std::string text;
  for (std::size_t i = 0; i < tokens; ++i) {
    const std::uint64_t r = random::mix(i * 7 % (tokens / 2) + 1);
    text += some_text(r % 40, std::string("ab\0", 3), 1) + std::to_string(r % (tokens / 3)) +
            (r % 5 == 0 ? "\n" : " ");
  }
  return text;
}

}  // namespace

// The law: an edge is where being white space changes; checked byte by byte for every length up to three
// words.
TEST(token_edges_agree_with_the_definition) {
  const auto& table = kernels::table();
  for (std::size_t n = 0; n <= 200; ++n) {
    for (std::uint64_t before = 0; before < 2; ++before) {
      const std::string text =
          some_text(n, std::string("a\0\x7f\xc3\xa9\x08\x0e\x1f! \t\n\v\f\r  ", 18), n + 1);
      std::vector<std::uint32_t> expected;
      bool inside = before != 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (inside == !space(text[i])) continue;
        inside = !inside;
        expected.push_back(static_cast<std::uint32_t>(1000 + i));
      }
      std::vector<std::uint32_t> edges(n + 64);
      std::uint64_t state = before;
      edges.resize(table.token_edges(text.data(), n, 1000, &state, edges.data()));
      CHECK(edges == expected);
      CHECK(n == 0 || (state != 0) == inside);
    }
  }
}

TEST(ascii_prefix_ends_before_the_first_high_byte) {
  for (std::size_t n = 0; n <= 200; ++n) {
    std::string text(n, 'a');
    CHECK(kernels::table().ascii_prefix(text.data(), n) == n);
    for (std::size_t i = 0; i < n; ++i) {
      text[i] = '\x80';
      const std::size_t prefix = kernels::table().ascii_prefix(text.data(), n);
      CHECK(prefix <= i && i - prefix < 64);
      text[i] = 'a';
    }
  }
}

TEST(vocabulary_counts_as_a_map_does) {
  std::map<std::string, std::uint64_t> expected;
  Vocabulary vocabulary;
  for (std::size_t i = 0; i < 40000; ++i) {
    const std::uint64_t r = random::mix(i) % 9000;
    // Lengths 1..60; many share their first 16 bytes, and some differ by a NUL at the end alone.
    std::string token = std::string(r % 50, 'x') + std::to_string(r) + std::string(r % 3, '\0');
    ++expected[token];
    const std::uint32_t id = vocabulary.add(Vocabulary::key_of(token.data(), token.size()));
    token.resize(token.size() + 16, '?');
    const TokenKey padded = Vocabulary::key_of_padded(token.data(), token.size() - 16);
    token.resize(token.size() - 16);
    CHECK(vocabulary.token(id) == token &&
          padded.hash == Vocabulary::key_of(token.data(), token.size()).hash);
  }
  CHECK(vocabulary.size() == expected.size());
  const std::vector<std::uint64_t> frequencies = vocabulary.frequencies(Control());
  for (const auto& [token, count] : expected) {
    const auto id = vocabulary.find(token);
    CHECK(id && frequencies[*id] == count);
  }
  CHECK(!vocabulary.find("absent") && !vocabulary.find(""));
}

TEST(blocks_of_any_size_give_the_same_corpus) {
  const std::string text = "\xEF\xBB\xBF" + many_types(3000) +
                           "caf\xC3\xA9 \xE4\xB8\xAD\xE6\x96\x87\r\n\n\xF0\x9F\x98\x80\xE3\x80\x80z";
  for (const Tokenizer tokenizer : {Tokenizer::whitespace, Tokenizer::characters}) {
    Corpus whole(tokenizer, false, kNoLimit, ".");
    feed(whole, text, text.size());
    const Result expected = finish(whole);
    CHECK(expected.words.size() > 10);
    for (const std::size_t block : {1, 2, 3, 5, 63, 64, 65, 4096, 4097}) {
      Corpus parts(tokenizer, false, kNoLimit, ".");
      feed(parts, text, block);
      CHECK(finish(parts) == expected);
    }
  }
}

TEST(a_file_on_disk_gives_what_its_bytes_give_and_spilling_changes_nothing) {
  const Folder folder;
  const std::string path = folder.file("text");
  const std::string text = many_types(60000);  // several read blocks
  std::ofstream(path, std::ios::binary) << text;
  Corpus memory(Tokenizer::whitespace, false, kNoLimit, folder.path());
  feed(memory, text, text.size());
  const Result expected = finish(memory);
  CHECK(!memory.on_disk());
  for (const std::size_t limit : {kNoLimit, std::size_t{1}, std::size_t{200000}}) {
    Corpus disk(Tokenizer::whitespace, false, limit, folder.path());
    Control control;
    disk.add_file(path, "text", text.size(), 1, 0, control);
    CHECK(control.done() == text.size());
    CHECK(finish(disk) == expected);
    CHECK(disk.on_disk() == (limit != kNoLimit));
  }
  CHECK(folder.count() == 1);  // no temporary file was left
}

// The smallest parts have no white space of their own, so that the serial reading takes turns with the parts.
TEST(several_threads_and_parts_of_any_size_give_what_the_bytes_give) {
  const Folder folder;
  const std::string path = folder.file("text");
  const std::string text = "\xEF\xBB\xBF" + many_types(3000) + std::string(5000, 'x') + " caf\xC3\xA9\r\n\n" +
                           many_types(2000) + "\xF0\x9F\x98\x80\xE3\x80\x80z";
  std::ofstream(path, std::ios::binary) << text;
  for (const Tokenizer tokenizer : {Tokenizer::whitespace, Tokenizer::characters}) {
    Corpus whole(tokenizer, false, kNoLimit, ".");
    feed(whole, text, text.size());
    feed(whole, text, text.size());
    const Result expected = finish(whole);
    for (const unsigned threads : {2U, 3U, 8U}) {
      for (const std::uint64_t part : {5, 40, 700, 4096, 1000000}) {
        Corpus corpus(tokenizer, false, part == 700 ? 1 : kNoLimit, folder.path());
        for (int file = 0; file < 2; ++file) {
          Control control;
          corpus.add_file(path, "text", text.size(), threads, part, control);
          CHECK(control.done() == text.size());
        }
        CHECK(finish(corpus) == expected);
      }
    }
  }
  CHECK(folder.count() == 1);
}

TEST(types_beside_a_vocabulary_are_numbered_behind_it) {
  const auto key = [](std::string_view token) { return Vocabulary::key_of(token.data(), token.size()); };
  Vocabulary known;
  CHECK(known.add(key("a")) == 0 && known.add(key("b"), 0) == 1);
  TypesBeside beside(known);
  beside.restart();
  CHECK(beside.add(key("c")) == 2 && beside.add(key("b")) == 1 && beside.add(key("d")) == 3);
  CHECK(beside.add(key("c")) == 2 && beside.fresh().size() == 2 && known.size() == 2);
  known.add(key("d"));
  beside.restart();
  CHECK(beside.add(key("d")) == 2 && beside.add(key("c")) == 3);
  CHECK((known.frequencies(Control()) == std::vector<std::uint64_t>{1, 0, 1}));
}

TEST(dropped_tokens_vanish_or_leave_holes) {
  const std::string text = "b a x a\n\n\nx\nb b y\n";
  Selection selection;
  selection.min_count = 2;
  selection.stop_words = {"x"};
  Corpus vanish(Tokenizer::whitespace, false, kNoLimit, ".");
  feed(vanish, text, 4);
  const std::uint32_t e = kLineEndId, h = kHoleId;
  const Result first = finish(vanish, selection);
  CHECK((first == Result{{"b", "a"}, {3, 2}, {0, 1, 1, e, 0, 0, e}}));
  selection.keep_positions = true;
  Corpus holes(Tokenizer::whitespace, false, kNoLimit, ".");
  feed(holes, text, 4);
  CHECK((finish(holes, selection).ids == std::vector<std::uint32_t>{0, 1, h, 1, e, h, e, 0, 0, h, e}));
  CHECK(holes.tokens_read() == 8 && holes.types_read() == 4);
}

TEST(order_is_frequency_then_bytes) {
  Corpus corpus(Tokenizer::whitespace, false, kNoLimit, ".");
  feed(corpus, "abcdefgh2 abcdefgh1 b b \xC3\xA9 z abcdefgh a", 3);
  CHECK((finish(corpus).words ==
         std::vector<std::string>{"b", "a", "abcdefgh", "abcdefgh1", "abcdefgh2", "z", "\xC3\xA9"}));
}

TEST(an_empty_vocabulary_is_an_error_with_numbers) {
  Selection selection;
  selection.min_count = 5;
  Corpus corpus(Tokenizer::whitespace, false, kNoLimit, ".");
  feed(corpus, "a b", 1);
  CHECK(message_of([&] {
          finish(corpus, selection);
        }).find("vocabulary is empty: 0 of 2 types reach min_count=5") != std::string::npos);
}

TEST(bad_utf8_names_line_and_offset_across_blocks) {
  const std::string text = "ok\nok \xE4\xB8\nmore";
  for (const std::size_t block : {1, 2, 3, 100}) {
    Corpus corpus(Tokenizer::whitespace, false, kNoLimit, ".");
    const std::string message = message_of([&] { feed(corpus, text, block); });
    CHECK(message.find("byte 0xe4 in test, line 2, byte offset 6,") != std::string::npos);
  }
}

// The decisions are recomputed here token by token from the definition in corpus.hpp.
TEST(subsampling_is_a_function_of_seed_and_token_number) {
  const std::string text = some_text(20000, "aaaaaaab  \n", 3);
  Selection selection;
  selection.min_count = 2;
  selection.subsample = 0.01;
  selection.seed = 77;
  selection.keep_positions = true;
  Corpus plain(Tokenizer::whitespace, false, kNoLimit, "."),
      sampled(Tokenizer::whitespace, false, kNoLimit, ".");
  feed(plain, text, 999);
  feed(sampled, text, 1);
  Selection all = selection;
  all.subsample.reset();
  const Result expected = finish(plain, all);
  const Result result = finish(sampled, selection);
  CHECK(result.words == expected.words && result.frequencies == expected.frequencies);
  CHECK(result.ids.size() == expected.ids.size());
  std::uint64_t total = 0, token = 0, kept = 0, holes = 0;
  for (const std::uint64_t f : expected.frequencies) total += f;
  const random::Key key = random::stream_key(77, random::Purpose::subsample);
  std::vector<std::uint64_t> in_ids(expected.words.size());
  for (std::size_t i = 0; i < expected.ids.size(); ++i) {
    std::uint32_t id = expected.ids[i];
    if (id != kLineEndId) {
      if (id != kHoleId) {
        const double ratio =
            0.01 * static_cast<double>(total) / static_cast<double>(expected.frequencies[id]);
        const random::Block bits = random::draw(key, 0, token);
        if (random::uniform_open(bits[0], bits[1]) >= std::sqrt(ratio) + ratio) {
          id = kHoleId;
          ++holes;
        } else {
          ++kept;
          ++in_ids[id];
        }
      }
      ++token;
    }
    CHECK(result.ids[i] == id);
  }
  CHECK(kept > 100 && holes > 100);
  CHECK(sampled.frequencies_in_ids() == in_ids);
}

TEST(a_stopped_control_ends_reading_and_finishing) {
  char path[] = "/tmp/stochos-test-XXXXXX";
  const int descriptor = ::mkstemp(path);
  CHECK(descriptor >= 0);
  ::close(descriptor);
  std::ofstream(path, std::ios::binary) << many_types(3000);
  Corpus corpus(Tokenizer::whitespace, false, kNoLimit, ".");
  int stopped = 0;
  Control reading([](std::uint64_t, std::uint64_t) { return false; });
  try {
    corpus.add_file(path, "text", 1, 1, 0, reading);
  } catch (const Stopped&) {
    ++stopped;
  }
  ::unlink(path);
  Control finishing([](std::uint64_t, std::uint64_t) { return false; });
  try {
    corpus.finish({}, finishing);
  } catch (const Stopped&) {
    ++stopped;
  }
  CHECK(stopped == 2);
}
