#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/memory.hpp"
#include "base/os.hpp"

namespace stochos {
namespace {

// The system would take a name up to its first NUL alone: another file.
void refuse_nul(const std::string& where, const char* action, const std::string& path) {
  const std::size_t nul = path.find('\0');
  if (nul != std::string::npos)
    throw_os_error(where, action, path.substr(0, nul) + "\\0" + path.substr(nul + 1), EINVAL);
}

// One at a time gives files of a folder their names; the system lets go when the process ends. Held for
// moments: who does not get it soon goes without.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder) : file_(os::lock_folder(folder)) {}
  ~FolderLock() {
    if (held()) os::close_file(file_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool held() const noexcept { return file_ != os::kNone; }

 private:
  int file_;
};

void write_all(int descriptor, const char* data, std::size_t size) {
  while (size > 0) {
    const std::ptrdiff_t n = os::write_some(descriptor, data, size);
    if (n < 0) {
      if (errno == EINTR) continue;
      throw errno;  // caught by the callers below, which know the name
    }
    data += n;
    size -= static_cast<std::size_t>(n);
  }
}

}  // namespace

AtomicFile::AtomicFile(std::string path, std::string where)
    : path_(std::move(path)), where_(std::move(where)) {
  refuse_nul(where_, "write", path_);
  const os::Facts before = os::facts_of(path_);
  if (before.folder) throw_os_error(where_, "write", path_, EISDIR);
  // A link is followed, so that the file it names is replaced and the link stays.
  if (std::string real = before.exists ? os::real_path(path_) : std::string(); !real.empty())
    path_ = std::move(real);
  descriptor_ = os::make_nameless(os::folder_of(path_));
  if (descriptor_ < 0) {
    temporary_ = path_ + ".XXXXXX";
    descriptor_ = os::make_temporary(temporary_);
  }
  if (descriptor_ < 0) {
    temporary_.clear();
    throw_os_error(where_, "write", path_, errno);
  }
  os::take_mode(descriptor_, before);
}

AtomicFile::~AtomicFile() {
  discard();
}

void AtomicFile::discard() noexcept {
  close();
  if (!temporary_.empty()) os::remove_file(temporary_);
  temporary_.clear();
}

void AtomicFile::close() noexcept {
  if (descriptor_ >= 0) os::close_file(std::exchange(descriptor_, os::kNone));
}

// Gives a nameless file the target's name, or, since a link cannot replace a file, one beside it that
// rename() then takes. That one is always the same, so that the next writer takes away what a kill has left
// there in between; under the lock nobody else is using it.
void AtomicFile::name() {
  const std::string beside = path_ + ".stochos-part";
  const FolderLock lock(os::folder_of(path_));
  if (lock.held()) os::remove_file(beside);
  if (os::give_name(descriptor_, path_)) return;
  if (lock.held() && errno == EEXIST && os::give_name(descriptor_, beside)) {
    temporary_ = beside;
    replace();
    return;
  }
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string name = path_ + ".XXXXXX";
    const int held = os::make_temporary(name);  // finds a name that is free
    if (held < 0) fail("write", errno);
    os::close_file(held);
    os::remove_file(name);
    if (os::give_name(descriptor_, name)) {
      temporary_ = std::move(name);
      replace();
      return;
    }
    if (errno != EEXIST) fail("write", errno);
  }
  fail("write", EEXIST);
}

void AtomicFile::replace() {
  close();  // Windows moves no file that is open
  if (!os::rename_over(temporary_, path_)) fail("replace", errno);
  temporary_.clear();
}

void AtomicFile::fail(const char* action, int code) {
  discard();
  throw_os_error(where_, action, path_, code);
}

void AtomicFile::write(const void* data, std::size_t size) {
  if (descriptor_ < 0) throw_os_error(where_, "write", path_, EBADF);
  try {
    write_all(descriptor_, static_cast<const char*>(data), size);
  } catch (const int code) {
    fail("write", code);
  }
}

void AtomicFile::commit() {
  if (descriptor_ < 0) throw_os_error(where_, "write", path_, EBADF);
  if (!os::flush(descriptor_)) fail("write", errno);
  if (temporary_.empty()) {
    name();
  } else {
    replace();
  }
  close();
  // The rename itself becomes durable with the folder; a file system that cannot sync folders is not an
  // error.
  os::flush_folder(os::folder_of(path_));
}

MappedFile::MappedFile(const std::string& path, const std::string& where) {
  refuse_nul(where, "read", path);
  const int descriptor = os::open_at_once(path);
  if (descriptor < 0) throw_os_error(where, "read", path, errno);
  const os::Facts facts = os::facts_of(descriptor);
  int code = facts.exists ? 0 : errno;
  if (code == 0 && !facts.regular) code = facts.folder ? EISDIR : EINVAL;
  if (code == 0 && facts.size > 0) {
    size_ = static_cast<std::size_t>(facts.size);
    data_ = os::map_to_read(descriptor, size_);
    if (data_ == nullptr) code = errno;
  }
  os::close_file(descriptor);
  if (code != 0) throw_os_error(where, "read", path, code);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) os::unmap(data_, size_);
}

SpillBuffer::SpillBuffer(std::size_t limit, std::string folder, std::string where)
    : limit_(limit), folder_(std::move(folder)), where_(std::move(where)) {}

SpillBuffer::SpillBuffer(SpillBuffer&& other) noexcept
    : limit_(other.limit_),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      folder_(std::move(other.folder_)),
      where_(std::move(other.where_)),
      data_(std::exchange(other.data_, nullptr)),
      descriptor_(std::exchange(other.descriptor_, os::kNone)) {}

SpillBuffer::~SpillBuffer() {
  if (descriptor_ >= 0) {
    if (data_ != nullptr) os::unmap(data_, capacity_);
    os::close_file(descriptor_);
  } else {
    std::free(data_);
  }
}

void SpillBuffer::resize(std::size_t size) {
  if (size > capacity_) grow(size);
  size_ = size;
}

void SpillBuffer::open_file() {
  descriptor_ = os::make_scratch(folder_);
  if (descriptor_ < 0) throw_os_error(where_, "make a temporary file in", folder_, errno);
}

void SpillBuffer::grow(std::size_t capacity) {
  constexpr std::size_t kPage = 1U << 16;
  // A quarter more than asked: growth stays linear in time, and unused room small.
  capacity = (capacity + capacity / 4 + kPage) / kPage * kPage;
  if (descriptor_ < 0 && capacity <= limit_) {
    void* address = std::realloc(data_, capacity);
    if (address == nullptr) {
      throw Error(ErrorKind::memory, where_,
                  "out of memory at " + std::to_string(capacity) +
                      " bytes; give memory='2GB' or so to work from disk");
    }
    data_ = static_cast<char*>(address);
    prefer_huge_pages(data_ + capacity_, capacity - capacity_);
    capacity_ = capacity;
    return;
  }
  const bool moving = descriptor_ < 0;
  if (moving) open_file();
  if (const int code = os::reserve(descriptor_, capacity); code != 0) {
    if (moving) os::close_file(std::exchange(descriptor_, os::kNone));
    throw_os_error(where_, "reserve " + std::to_string(capacity) + " bytes of temporary space in", folder_,
                   code);
  }
  char* const mapped = os::map_to_write(descriptor_, capacity);
  if (mapped == nullptr) {
    const int code = errno;
    if (moving) os::close_file(std::exchange(descriptor_, os::kNone));
    throw_os_error(where_, "map temporary space in", folder_, code);
  }
  if (moving) {
    if (size_ > 0) std::memcpy(mapped, data_, size_);
    std::free(data_);
  } else if (data_ != nullptr) {
    os::unmap(data_, capacity_);
  }
  data_ = mapped;
  capacity_ = capacity;
}

}  // namespace stochos
