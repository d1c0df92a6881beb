// Linux beside what is in os_posix.cpp.
#include <cxxabi.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/os.hpp"

namespace stochos::os {
namespace {

// CPU quota of the control group, rounded up; 0 when there is none.
unsigned quota_of_group() {
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (v2 >> quota >> period && quota != "max" && period > 0) {
    return static_cast<unsigned>(std::max(1.0, std::atof(quota.c_str()) / period + 0.999));
  }
  std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
      v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double amount = 0;
  if (v1_quota >> amount && v1_period >> period && amount > 0 && period > 0) {
    return static_cast<unsigned>(std::max(1.0, amount / period + 0.999));
  }
  return 0;
}

}  // namespace

void expect_whole_reading(int file) noexcept {
  ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
}

int make_nameless(const std::string& folder) {
  if (::access("/proc/self/fd", X_OK) != 0) return kNone;  // give_name() needs it
  return ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

bool give_name(int file, const std::string& path) {
  const std::string self = "/proc/self/fd/" + std::to_string(file);
  return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

int lock_folder(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return kNone;
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
    if (errno != EWOULDBLOCK && errno != EINTR) break;
    ::usleep(500);
  }
  ::close(file);
  return kNone;
}

bool flush(int file) noexcept {
  return ::fsync(file) == 0;
}

int reserve(int file, std::size_t size) noexcept {
  return ::posix_fallocate(file, 0, static_cast<off_t>(size));
}

void use_huge_pages(void* data, std::size_t size) noexcept {
  ::madvise(data, size, MADV_HUGEPAGE);
}

unsigned allowed_processors() {
  unsigned count = std::max(1U, std::thread::hardware_concurrency());
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    count = static_cast<unsigned>(std::max(1, CPU_COUNT(&allowed)));
  if (const unsigned quota = quota_of_group(); quota > 0) count = std::min(count, quota);
  return count;
}

int current_processor() noexcept {
  return ::sched_getcpu();
}

void step_aside(int processor) noexcept {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  cpu_set_t rest = allowed;
  CPU_CLR(static_cast<unsigned>(processor), &rest);
  if (CPU_COUNT(&rest) > 0 && ::sched_setaffinity(0, sizeof rest, &rest) == 0)
    ::sched_setaffinity(0, sizeof allowed, &allowed);
}

void keep_stack(const std::function<void()>& take) {
  try {
    take();
  } catch (abi::__forced_unwind&) {
    for (;;) ::pause();
  }
}

}  // namespace stochos::os
