// A text read once: its vocabulary, and the number of the word at every place.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/control.hpp"
#include "words/tokenize.hpp"
#include "words/utf8.hpp"
#include "words/vocabulary.hpp"

namespace stochos::words {

// Which types stay, and what becomes of the places of the others.
struct Selection {
  std::uint64_t min_count = 1;
  std::optional<std::uint64_t> max_vocabulary;
  std::vector<std::string> stop_words;
  // Given: exactly these words in this order, whatever their frequency; the three above are not looked at.
  std::optional<std::vector<std::string>> vocabulary;
  bool keep_positions =
      false;  // a dropped token leaves a hole; else it vanishes and its neighbours move together
  // A token of frequency share f among the kept stays with probability min(1, sqrt(t/f) + t/f), as in
  // word2vec.c (T. Mikolov et al., "Distributed representations of words and phrases and their
  // compositionality", 2013).
  std::optional<double> subsample;
  std::uint64_t seed = 0;
  // Given: this text is a part of one in which the words of `vocabulary` are so frequent, and before whose
  // first token stand so many others; subsampling goes by these.
  std::optional<std::vector<std::uint64_t>> frequencies;
  std::uint64_t first_token = 0;
};

class Lane;

// First tokens, then finish(), then the results.
class Corpus {
 public:
  // Ids beyond half of `memory_limit` bytes go to an unnamed temporary file in `folder`.
  Corpus(Tokenizer tokenizer, bool replace, std::size_t memory_limit, const std::string& folder);
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;
  ~Corpus();

  // A source begins: `name` is for errors; a file's byte order mark is left out.
  void start_source(const std::string& name, bool skip_mark);
  // Bytes of UTF-8 in blocks of any size.
  void add_bytes(std::span<const char> block, bool padded = false);
  // The source ends, and with it its last line.
  void end_source();
  // A whole plain file, in the pool; `name` is for errors, progress in bytes of `total`. `part` bytes are
  // read by each thread at once; 0 chooses, and reads small files with one thread. After finish(), the result
  // depends on neither.
  void add_file(const std::string& path, const std::string& name, std::uint64_t total, unsigned threads,
                std::uint64_t part, Control& control);

  // Tokens that are given whole: UTF-8 (not checked), at least one byte each.
  void add_tokens(std::span<const std::string_view> tokens) { splitter_.add_tokens(tokens); }
  void end_line() { splitter_.end_line(); }

  // Orders the vocabulary by (frequency descending, bytes ascending) and renumbers the text, once.
  // Throws Error(value) when no type stays, unless min_count is 0.
  void finish(const Selection& selection, Control& control);

  std::span<const std::uint32_t> ids() const noexcept { return {ids_.data(), ids_.size()}; }
  const std::vector<std::string>& words() const noexcept { return words_; }
  // Before subsampling.
  const std::vector<std::uint64_t>& frequencies() const noexcept { return frequencies_; }
  // Of the ids that are there, after subsampling.
  const std::vector<std::uint64_t>& frequencies_in_ids() const noexcept { return frequencies_in_ids_; }
  std::uint64_t tokens_read() const noexcept { return tokens_read_; }
  std::size_t types_read() const noexcept { return types_read_; }
  bool on_disk() const noexcept { return ids_.on_disk(); }
  const std::string& folder() const noexcept { return folder_; }
  // What the ids leave of the memory limit, for what is made from them.
  std::size_t memory_left() const noexcept {
    const std::size_t used = ids_.on_disk() ? 0 : ids_.size() * sizeof(std::uint32_t);
    return memory_limit_ - (used < memory_limit_ ? used : memory_limit_);
  }

 private:
  static constexpr std::uint64_t kEnd = UINT64_MAX;  // of a file, wherever it is

  static unsigned lanes_for(std::uint64_t size, unsigned threads, std::uint64_t part);
  void read_in_parts(int file, std::uint64_t size, unsigned lanes, std::uint64_t part,
                     const std::string& name, Control& control);
  std::size_t join_parts(unsigned lanes, std::uint64_t& at, Control& control);
  std::uint64_t read_on(int file, std::uint64_t at, std::uint64_t until, const std::string& name,
                        Control& control);
  std::vector<std::uint32_t> select(const Selection& selection, const Control& control);
  void renumber(const std::vector<std::uint32_t>& place_of, const Selection& selection, Control& control);

  Tokenizer tokenizer_;
  bool replace_;
  std::size_t memory_limit_;
  std::string folder_;
  Vocabulary vocabulary_;
  IdBuffer ids_;
  Splitter<Vocabulary> splitter_;
  Utf8Reader reader_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  bool finished_ = false;
  std::vector<std::string> words_;
  std::vector<std::uint64_t> frequencies_, frequencies_in_ids_;
  std::uint64_t tokens_read_ = 0;
  std::size_t types_read_ = 0;
};

}  // namespace stochos::words
