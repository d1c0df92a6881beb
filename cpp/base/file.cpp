#include "base/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/memory.hpp"

namespace stochos {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The system would take a name up to its first NUL alone: another file.
void refuse_nul(const std::string& where, const char* action, const std::string& path) {
  const std::size_t nul = path.find('\0');
  if (nul != std::string::npos)
    throw_os_error(where, action, path.substr(0, nul) + "\\0" + path.substr(nul + 1), EINVAL);
}

// Creates an unnamed-to-be file; mkstemp wants a writable template.
int make_temporary(std::string& name) {
  std::vector<char> text(name.begin(), name.end());
  text.push_back('\0');
  const int descriptor = ::mkstemp(text.data());
  name.assign(text.data());
  if (descriptor >= 0) ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return descriptor;
}

// A file without a name in `folder`, or -1 where the system has none.
int make_nameless(const std::string& folder) {
#ifdef O_TMPFILE
  return ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
#else
  return -1;
#endif
}

// One at a time gives files of a folder their names; the system lets go when the process ends. Held for
// moments: who does not get it soon goes without.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    for (int attempt = 0; descriptor_ >= 0 && !held_ && attempt < 100; ++attempt) {
      held_ = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
      if (!held_ && errno != EWOULDBLOCK && errno != EINTR) break;
      if (!held_) ::usleep(500);
    }
  }
  ~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool held() const noexcept { return held_; }

 private:
  int descriptor_;
  bool held_ = false;
};

void write_all(int descriptor, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(descriptor, data, std::min<std::size_t>(size, std::size_t{1} << 30));
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
  struct stat info{};
  const bool exists = ::stat(path_.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) throw_os_error(where_, "write", path_, EISDIR);
  // A link is followed, so that the file it names is replaced and the link stays.
  if (char* real = exists ? ::realpath(path_.c_str(), nullptr) : nullptr; real != nullptr) {
    path_ = real;
    std::free(real);
  }
  if (::access("/proc/self/fd", X_OK) == 0) descriptor_ = make_nameless(folder_of(path_));  // name() needs it
  if (descriptor_ < 0) {
    temporary_ = path_ + ".XXXXXX";
    descriptor_ = make_temporary(temporary_);
  }
  if (descriptor_ < 0) throw_os_error(where_, "write", path_, errno);
  mode_t mode = info.st_mode & 07777;
  if (!exists) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    mode = 0666 & ~mask;
  }
  ::fchmod(descriptor_, mode);
}

AtomicFile::~AtomicFile() {
  discard();
}

void AtomicFile::discard() noexcept {
  if (descriptor_ < 0) return;
  ::close(std::exchange(descriptor_, -1));
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

// Gives a nameless file the target's name, or, since a link cannot replace a file, one beside it that
// rename() then takes. That one is always the same, so that the next writer takes away what a kill has left
// there in between; under the lock nobody else is using it.
void AtomicFile::name() {
  const std::string self = "/proc/self/fd/" + std::to_string(descriptor_);
  const auto link_to = [&](const std::string& name) {
    return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  const std::string beside = path_ + ".stochos-part";
  const FolderLock lock(folder_of(path_));
  if (lock.held()) ::unlink(beside.c_str());
  if (link_to(path_)) return;
  if (lock.held() && errno == EEXIST && link_to(beside)) {
    temporary_ = beside;
    replace();
    return;
  }
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string name = path_ + ".XXXXXX";
    const int held = make_temporary(name);  // finds a name that is free
    if (held < 0) fail("write", errno);
    ::close(held);
    ::unlink(name.c_str());
    if (link_to(name)) {
      temporary_ = std::move(name);
      replace();
      return;
    }
    if (errno != EEXIST) fail("write", errno);
  }
  fail("write", EEXIST);
}

void AtomicFile::replace() {
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("replace", errno);
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
  if (::fsync(descriptor_) != 0) fail("write", errno);
  if (temporary_.empty()) {
    name();
  } else {
    replace();
  }
  ::close(std::exchange(descriptor_, -1));
  // The rename itself becomes durable with the folder; a file system that cannot sync folders is not an
  // error.
  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

MappedFile::MappedFile(const std::string& path, const std::string& where) {
  refuse_nul(where, "read", path);
  // A pipe would be waited for.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) throw_os_error(where, "read", path, errno);
  struct stat info{};
  int code = ::fstat(descriptor, &info) == 0 ? 0 : errno;
  if (code == 0 && !S_ISREG(info.st_mode)) code = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
  if (code == 0 && info.st_size > 0) {
    size_ = static_cast<std::size_t>(info.st_size);
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) {
      code = errno;
    } else {
      data_ = static_cast<const char*>(address);
      ::madvise(address, size_, MADV_SEQUENTIAL);
    }
  }
  ::close(descriptor);
  if (code != 0) throw_os_error(where, "read", path, code);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
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
      descriptor_(std::exchange(other.descriptor_, -1)) {}

SpillBuffer::~SpillBuffer() {
  if (descriptor_ >= 0) {
    if (data_ != nullptr) ::munmap(data_, capacity_);
    ::close(descriptor_);
  } else {
    std::free(data_);
  }
}

void SpillBuffer::resize(std::size_t size) {
  if (size > capacity_) grow(size);
  size_ = size;
}

void SpillBuffer::open_file() {
  descriptor_ = make_nameless(folder_);
  if (descriptor_ >= 0) return;
  std::string name = folder_ + "/stochos-spill-XXXXXX";
  descriptor_ = make_temporary(name);
  if (descriptor_ < 0) throw_os_error(where_, "make a temporary file in", folder_, errno);
  ::unlink(name.c_str());
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
  if (const int code = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(capacity)); code != 0) {
    if (moving) ::close(std::exchange(descriptor_, -1));
    throw_os_error(where_, "reserve " + std::to_string(capacity) + " bytes of temporary space in", folder_,
                   code);
  }
  void* address = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (address == MAP_FAILED) {
    const int code = errno;
    if (moving) ::close(std::exchange(descriptor_, -1));
    throw_os_error(where_, "map temporary space in", folder_, code);
  }
  if (moving) {
    if (size_ > 0) std::memcpy(address, data_, size_);
    std::free(data_);
  } else if (data_ != nullptr) {
    ::munmap(data_, capacity_);
  }
  data_ = static_cast<char*>(address);
  capacity_ = capacity;
}

}  // namespace stochos
