#include "words/corpus.hpp"

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/os.hpp"
#include "base/pool.hpp"
#include "words/corpus_parallel.hpp"

namespace stochos::words {
namespace {

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() {
    if (value_ >= 0) os::close_file(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void open(const std::string& path, const std::string& name) {
    value_ = os::open_to_read(path);
    if (value_ < 0) throw_os_error("words.count", "read", name, errno);
    os::expect_whole_reading(value_);
  }
  int value() const noexcept { return value_; }

 private:
  int value_ = os::kNone;
};

}  // namespace

Corpus::Corpus(Tokenizer tokenizer, bool replace, std::size_t memory_limit, const std::string& folder)
    : tokenizer_(tokenizer),
      replace_(replace),
      memory_limit_(memory_limit),
      folder_(folder),
      ids_(memory_limit / 2, folder, "words.count"),
      splitter_(tokenizer, vocabulary_, ids_),
      reader_(replace) {}

Corpus::~Corpus() = default;

void Corpus::start_source(const std::string& name, bool skip_mark) {
  reader_.start(name, skip_mark);
}

void Corpus::add_bytes(std::span<const char> block, bool padded) {
  if (block.empty()) return;
  const auto pieces = reader_.feed(block);
  splitter_.feed(pieces[0], false);
  // The padding is behind the block; a piece that was rewritten or cut short has none, or text of the block.
  const bool reaches_end = pieces[1].data() + pieces[1].size() == block.data() + block.size();
  splitter_.feed(pieces[1], padded && reaches_end);
}

void Corpus::end_source() {
  splitter_.feed(reader_.finish(), false);
  splitter_.end_line();
}

void Corpus::add_file(const std::string& path, const std::string& name, std::uint64_t total, unsigned threads,
                      std::uint64_t part, Control& control) {
  control.start(total);
  start_source(name, true);
  Descriptor file;
  std::uint64_t size = 0;
  unsigned lanes = 1;
  const auto begin = [&](std::size_t, unsigned) {
    file.open(path, name);
    if (const os::Facts facts = os::facts_of(file.value()); facts.regular) {
      size = facts.size;
      lanes = lanes_for(size, threads, part);
    }
    if (lanes < 2) read_on(file.value(), 0, kEnd, name, control);
  };
  parallel_run(1, 1, begin, control);
  if (lanes >= 2) read_in_parts(file.value(), size, lanes, part, name, control);
  end_source();
}

// Serially, from `at` to behind the first white space at or after `until`, or to the end of the file. Read,
// not mapped: a file that somebody shortens meanwhile must not end the process by a signal.
std::uint64_t Corpus::read_on(int file, std::uint64_t at, std::uint64_t until, const std::string& name,
                              Control& control) {
  if (at > 0 && !os::seek_to(file, at)) throw_os_error("words.count", "read", name, errno);
  std::vector<char> buffer(kReadBlock + kReadPadding);
  while (!control.stopped()) {
    const std::ptrdiff_t n = os::read_some(file, buffer.data(), kReadBlock);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_os_error("words.count", "read", name, errno);
    if (n == 0) return kEnd;
    const char* const begin = buffer.data();
    const char* end = begin + n;
    bool cut = false;
    if (until < at + static_cast<std::uint64_t>(n)) {
      const char* const space = std::find_if(begin + (until > at ? until - at : 0), end, is_ascii_space);
      cut = space != end;
      if (cut) end = space + 1;
    }
    const auto size = static_cast<std::size_t>(end - begin);
    add_bytes({begin, size}, true);
    control.advance(size);
    at += size;
    if (cut) break;
  }
  return at;
}

}  // namespace stochos::words
