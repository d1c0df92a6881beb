// macOS beside what is in os_posix.cpp.
#include "base/os.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

namespace stochos::os {

void expect_whole_reading(int file) noexcept {
  ::fcntl(file, F_RDAHEAD, 1);
}

// Every file has a name here, so that none is given later and nothing has to be locked for it.
int make_nameless(const std::string&) {
  errno = ENOTSUP;
  return kNone;
}

bool give_name(int, const std::string&) {
  errno = ENOTSUP;
  return false;
}

int lock_folder(const std::string&) {
  errno = ENOTSUP;
  return kNone;
}

// fsync() leaves it in the disk's own memory.
bool flush(int file) noexcept {
  return ::fcntl(file, F_FULLFSYNC) == 0 || ::fsync(file) == 0;
}

int reserve(int file, std::size_t size) noexcept {
  const std::uint64_t held = facts_of(file).size;
  if (size <= held) return 0;
  fstore_t wanted{F_ALLOCATEALL, F_PEOFPOSMODE, 0, static_cast<off_t>(size - held), 0};
  if (::fcntl(file, F_PREALLOCATE, &wanted) != 0 && errno != ENOTSUP) return errno;
  return ::ftruncate(file, static_cast<off_t>(size)) == 0 ? 0 : errno;
}

void use_huge_pages(void*, std::size_t) noexcept {}

unsigned allowed_processors() {
  return std::max(1U, std::thread::hardware_concurrency());
}

// The system does not bind threads to processors.
int current_processor() noexcept {
  return -1;
}

void step_aside(int) noexcept {}

// Threads are not ended by unwinding here.
void keep_stack(const std::function<void()>& take) {
  take();
}

}  // namespace stochos::os
