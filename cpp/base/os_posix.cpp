// What Linux and macOS have in common.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/os.hpp"

namespace stochos::os {
namespace {

Facts facts(const struct stat& status) noexcept {
  return {true, S_ISDIR(status.st_mode), S_ISREG(status.st_mode),
          static_cast<unsigned>(status.st_mode & 07777), static_cast<std::uint64_t>(status.st_size)};
}

}  // namespace

Facts facts_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? facts(status) : Facts{};
}

Facts facts_of(int file) noexcept {
  struct stat status{};
  return ::fstat(file, &status) == 0 ? facts(status) : Facts{};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? std::string(real.get()) : std::string();
}

int open_to_read(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

int open_at_once(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

std::ptrdiff_t read_some(int file, void* data, std::size_t size) noexcept {
  return ::read(file, data, size);
}

std::ptrdiff_t read_some_at(int file, void* data, std::size_t size, std::uint64_t place) noexcept {
  return ::pread(file, data, size, static_cast<off_t>(place));
}

std::ptrdiff_t write_some(int file, const void* data, std::size_t size) noexcept {
  return ::write(file, data, std::min<std::size_t>(size, std::size_t{1} << 30));
}

bool seek_to(int file, std::uint64_t place) noexcept {
  return ::lseek(file, static_cast<off_t>(place), SEEK_SET) >= 0;
}

void close_file(int file) noexcept {
  ::close(file);
}

int make_temporary(std::string& name) {
  std::vector<char> text(name.begin(), name.end());  // mkstemp writes to it
  text.push_back('\0');
  const int file = ::mkstemp(text.data());
  name.assign(text.data());
  if (file >= 0) ::fcntl(file, F_SETFD, FD_CLOEXEC);
  return file;
}

int make_scratch(const std::string& folder) {
  int file = make_nameless(folder);
  if (file >= 0) return file;
  std::string name = folder + "/stochos-spill-XXXXXX";
  file = make_temporary(name);
  if (file >= 0) ::unlink(name.c_str());
  return file;
}

void take_mode(int file, const Facts& replaced) noexcept {
  auto mode = static_cast<mode_t>(replaced.mode);
  if (!replaced.exists) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    mode = 0666 & ~mask;
  }
  ::fchmod(file, mode);
}

void flush_folder(const std::string& folder) noexcept {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

bool rename_over(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0;
}

bool remove_file(const std::string& path) {
  return ::unlink(path.c_str()) == 0;
}

const char* map_to_read(int file, std::size_t size) noexcept {
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (data == MAP_FAILED) return nullptr;
  ::madvise(data, size, MADV_SEQUENTIAL);
  return static_cast<const char*>(data);
}

char* map_to_write(int file, std::size_t size) noexcept {
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return data == MAP_FAILED ? nullptr : static_cast<char*>(data);
}

void unmap(const void* data, std::size_t size) noexcept {
  ::munmap(const_cast<void*>(data), size);
}

void* aligned_memory(std::size_t alignment, std::size_t size) noexcept {
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void free_aligned(void* data) noexcept {
  std::free(data);
}

std::size_t memory_size() noexcept {
  const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(page) : 0;
}

unsigned configured_processors() noexcept {
  return static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_CONF)));
}

void at_fork(void (*before)(), void (*parent)(), void (*child)()) noexcept {
  ::pthread_atfork(before, parent, child);
}

void start_without_signals(const std::function<void()>& start) {
  sigset_t all, before;
  ::sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);  // a new thread has the mask of the one that starts it
  const std::unique_ptr<sigset_t, void (*)(sigset_t*)> restored(
      &before, [](sigset_t* mask) { ::pthread_sigmask(SIG_SETMASK, mask, nullptr); });
  start();
}

}  // namespace stochos::os
