// Files: written whole or not at all, read by mapping, and scratch space that outgrows memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace stochos {

// Writes to a temporary file in the target's folder; commit() makes it durable and moves it into place.
// Without commit() the target stays as it was and the temporary is removed. Where the system can, the
// temporary has no name until commit(), so that even the sudden end of the process leaves nothing behind;
// only when an existing file is replaced, a moment before the end may leave "<path>.stochos-part", which the
// next writer removes.
class AtomicFile {
 public:
  AtomicFile(std::string path, std::string where);  // `where` stands in brackets before every error
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(const void* data, std::size_t size);
  void commit();
  void discard() noexcept;

 private:
  [[noreturn]] void fail(const char* action, int code);
  void name();
  void replace();
  void close() noexcept;
  std::string path_, temporary_, where_;  // temporary_ is empty while no file beside the target has a name
  int descriptor_ = -1;
};

// A whole file, read only.
class MappedFile {
 public:
  MappedFile(const std::string& path, const std::string& where);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const char> bytes() const noexcept { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

// A growing block of plain bytes: in memory up to `limit`, beyond it in a mapped temporary file in `folder`.
// The file has no name (where the system can, from the start; else it is unlinked at once), so that no end of
// the process leaves it behind, and its blocks are reserved before they are touched, so that a full disk is
// an error and not a signal.
class SpillBuffer {
 public:
  SpillBuffer(std::size_t limit, std::string folder, std::string where);
  ~SpillBuffer();
  SpillBuffer(SpillBuffer&& other) noexcept;
  SpillBuffer(const SpillBuffer&) = delete;
  SpillBuffer& operator=(const SpillBuffer&) = delete;

  void resize(std::size_t size);  // new bytes are unspecified
  char* data() noexcept { return data_; }
  const char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool on_disk() const noexcept { return descriptor_ >= 0; }

 private:
  void grow(std::size_t capacity);
  void open_file();
  std::size_t limit_, size_ = 0, capacity_ = 0;
  std::string folder_, where_;
  char* data_ = nullptr;
  int descriptor_ = -1;
};

}  // namespace stochos
