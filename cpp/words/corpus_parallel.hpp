// A file read by several threads: what one of them makes of its part.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/control.hpp"
#include "words/tokenize.hpp"
#include "words/utf8.hpp"
#include "words/vocabulary.hpp"

namespace stochos::words {

inline constexpr std::size_t kReadBlock = std::size_t{1}
                                          << 18;  // read at once: half of a small second-level cache
inline constexpr std::size_t kReadPadding = 16;

// Text is cut behind the first ASCII white space at or after a place: no token, no character (also an
// ill-formed one) and no byte order mark goes on there. When there is none in `reach` bytes, the text cannot
// be cut at that place.
struct Part {
  std::uint64_t from, to;  // places where the text is cut; but at `from` itself when it is the first part
  std::uint64_t reach;
  bool first;
};

// One reader. Rounds of restart(), read(), then number() and write(), or discard().
class Lane {
 public:
  Lane(Tokenizer tokenizer, bool replace, const Vocabulary& known);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  enum class Outcome { whole, uncut, failed };  // failed: ill-formed text or a read error
  void restart();
  void read(int file, const Part& part, const Control& control);
  Outcome outcome() const noexcept { return outcome_; }
  std::uint64_t start() const noexcept { return start_; }  // where in the file the part was cut
  std::uint64_t end() const noexcept { return end_; }
  std::uint64_t lines() const noexcept { return reader_.lines(); }
  std::size_t size() const noexcept { return ids_.size(); }

  // Adds the new types to `vocabulary`, the one that is known; write() will put the part at `place` of its
  // ids.
  void number(Vocabulary& vocabulary, std::size_t place, const Control& control);
  // Does nothing when there is no part.
  void write(std::uint32_t* ids);
  void discard() noexcept { ids_.shrink(0); }

  // How often each type was written.
  const std::vector<std::uint64_t>& counts() const noexcept { return counts_; }

 private:
  Outcome read_part(int file, const Part& part, const Control& control);

  TypesBeside types_;
  IdBuffer ids_;
  Splitter<TypesBeside> splitter_;
  Utf8Reader reader_;
  std::vector<char> buffer_;
  Outcome outcome_ = Outcome::whole;
  std::uint64_t start_ = 0, end_ = 0;
  std::size_t place_ = 0;
  std::vector<std::uint32_t> number_of_;  // of the fresh types
  std::vector<std::uint64_t> counts_;
};

}  // namespace stochos::words
