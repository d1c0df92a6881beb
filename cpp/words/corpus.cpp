#include "words/corpus.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/pool.hpp"

namespace stochos::words {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18;  // read at once: half of a small second-level cache
constexpr std::size_t kPadding = 16;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const noexcept { return value_; }

 private:
  int value_;
};

}  // namespace

Corpus::Corpus(Tokenizer tokenizer, bool replace, std::size_t memory_limit, const std::string& folder)
    : memory_limit_(memory_limit),
      folder_(folder),
      ids_(memory_limit / 2, folder, "words.count"),
      splitter_(tokenizer, vocabulary_, ids_),
      reader_(replace) {}

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

// Read, not mapped: a file that somebody shortens meanwhile must not end the process by a signal.
void Corpus::add_file(const std::string& path, const std::string& name, std::uint64_t total,
                      Control& control) {
  control.start(total);
  start_source(name, true);
  const auto read_all = [&](std::size_t, unsigned) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.value() < 0) throw_os_error("words.count", "read", name, errno);
    ::posix_fadvise(file.value(), 0, 0, POSIX_FADV_SEQUENTIAL);
    std::vector<char> buffer(kBlock + kPadding);
    while (!control.stopped()) {
      const ssize_t n = ::read(file.value(), buffer.data(), kBlock);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw_os_error("words.count", "read", name, errno);
      if (n == 0) break;
      add_bytes({buffer.data(), static_cast<std::size_t>(n)}, true);
      control.advance(static_cast<std::uint64_t>(n));
    }
  };
  parallel_run(1, 1, read_all, control);
  end_source();
}

}  // namespace stochos::words
