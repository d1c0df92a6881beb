// Windows. Files are those of the C library, whose calls take plain ints and set errno.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <fcntl.h>
#include <io.h>
#include <malloc.h>
#include <share.h>
#include <sys/stat.h>
#include <windows.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/os.hpp"

namespace stochos::os {
namespace {

std::wstring wide(const std::string& path) {
  const int given = static_cast<int>(path.size());
  const int size = ::MultiByteToWideChar(CP_UTF8, 0, path.data(), given, nullptr, 0);
  std::wstring made(static_cast<std::size_t>(size), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, path.data(), given, made.data(), size);
  return made;
}

std::string narrow(const std::wstring& path) {
  const int given = static_cast<int>(path.size());
  const int size = ::WideCharToMultiByte(CP_UTF8, 0, path.data(), given, nullptr, 0, nullptr, nullptr);
  std::string made(static_cast<std::size_t>(size), '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, path.data(), given, made.data(), size, nullptr, nullptr);
  return made;
}

int reason() noexcept {
  switch (::GetLastError()) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
      return ENOENT;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
      return EACCES;
    case ERROR_ALREADY_EXISTS:
    case ERROR_FILE_EXISTS:
      return EEXIST;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
      return ENOSPC;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_COMMITMENT_LIMIT:
      return ENOMEM;
    default:
      return EIO;
  }
}

bool told(bool fine) noexcept {
  if (!fine) errno = reason();
  return fine;
}

Facts facts(const struct _stat64& status) noexcept {
  return {true, (status.st_mode & _S_IFDIR) != 0, (status.st_mode & _S_IFREG) != 0,
          static_cast<unsigned>(status.st_mode & 0777), static_cast<std::uint64_t>(status.st_size)};
}

HANDLE handle_of(int file) noexcept {
  return reinterpret_cast<HANDLE>(::_get_osfhandle(file));
}

// A new file by a name that is free: the last six characters are tried.
int make_new(std::string& name, int flags) {
  constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz012345";
  if (name.size() < 6) {
    errno = EINVAL;
    return kNone;
  }
  LARGE_INTEGER now;
  ::QueryPerformanceCounter(&now);
  auto seed = static_cast<std::uint64_t>(now.QuadPart) ^ std::uint64_t{::GetCurrentProcessId()} << 32 ^
              std::uint64_t{::GetCurrentThreadId()} << 16;
  for (int attempt = 0; attempt < 100; ++attempt) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    for (std::size_t i = 0; i < 6; ++i) name[name.size() - 6 + i] = kLetters[seed >> (34 + 5 * i) & 31U];
    int file = kNone;
    const errno_t code = ::_wsopen_s(&file, wide(name).c_str(),
                                     _O_CREAT | _O_EXCL | _O_RDWR | _O_BINARY | _O_NOINHERIT | flags,
                                     _SH_DENYNO, _S_IREAD | _S_IWRITE);
    if (code == 0) return file;
    errno = code;
    if (code != EEXIST) break;
  }
  return kNone;
}

}  // namespace

Facts facts_of(const std::string& path) {
  struct _stat64 status{};
  return ::_wstat64(wide(path).c_str(), &status) == 0 ? facts(status) : Facts{};
}

Facts facts_of(int file) noexcept {
  struct _stat64 status{};
  return ::_fstat64(file, &status) == 0 ? facts(status) : Facts{};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of("/\\:");
  if (slash == std::string::npos) return ".";
  if (path[slash] == ':' || slash == 0 || path[slash - 1] == ':') return path.substr(0, slash + 1);
  return path.substr(0, slash);
}

std::string real_path(const std::string& path) {
  const HANDLE file =
      ::CreateFileW(wide(path).c_str(), 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  if (!told(file != INVALID_HANDLE_VALUE)) return {};
  std::wstring found(32768, L'\0');
  const DWORD size = ::GetFinalPathNameByHandleW(file, found.data(), static_cast<DWORD>(found.size()),
                                                 FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
  told(size > 0);
  ::CloseHandle(file);
  found.resize(size < found.size() ? size : 0);
  return narrow(found);
}

int open_to_read(const std::string& path) {
  int file = kNone;
  const errno_t code = ::_wsopen_s(&file, wide(path).c_str(),
                                   _O_RDONLY | _O_BINARY | _O_NOINHERIT | _O_SEQUENTIAL, _SH_DENYNO, 0);
  if (code != 0) errno = code;
  return code == 0 ? file : kNone;
}

int open_at_once(const std::string& path) {
  return open_to_read(path);
}

void expect_whole_reading(int) noexcept {}  // said at the opening

std::ptrdiff_t read_some(int file, void* data, std::size_t size) noexcept {
  return ::_read(file, data, static_cast<unsigned>(std::min<std::size_t>(size, std::size_t{1} << 30)));
}

std::ptrdiff_t read_some_at(int file, void* data, std::size_t size, std::uint64_t place) noexcept {
  OVERLAPPED where{};
  where.Offset = static_cast<DWORD>(place);
  where.OffsetHigh = static_cast<DWORD>(place >> 32);
  DWORD count = 0;
  const auto wanted = static_cast<DWORD>(std::min<std::size_t>(size, std::size_t{1} << 30));
  if (::ReadFile(handle_of(file), data, wanted, &count, &where) == 0) {
    if (::GetLastError() == ERROR_HANDLE_EOF) return 0;
    errno = reason();
    return -1;
  }
  return static_cast<std::ptrdiff_t>(count);
}

std::ptrdiff_t write_some(int file, const void* data, std::size_t size) noexcept {
  return ::_write(file, data, static_cast<unsigned>(std::min<std::size_t>(size, std::size_t{1} << 30)));
}

bool seek_to(int file, std::uint64_t place) noexcept {
  return ::_lseeki64(file, static_cast<std::int64_t>(place), SEEK_SET) >= 0;
}

void close_file(int file) noexcept {
  ::_close(file);
}

int make_temporary(std::string& name) {
  return make_new(name, 0);
}

// Every file has a name here, so that none is given later and nothing has to be locked for it.
int make_nameless(const std::string&) {
  errno = ENOSYS;
  return kNone;
}

bool give_name(int, const std::string&) {
  errno = ENOSYS;
  return false;
}

int lock_folder(const std::string&) {
  errno = ENOSYS;
  return kNone;
}

int make_scratch(const std::string& folder) {
  std::string name = folder + "/stochos-spill-XXXXXX";
  return make_new(name, _O_TEMPORARY | _O_SHORT_LIVED);
}

void take_mode(int, const Facts&) noexcept {}  // a new file has the permissions of its folder

bool flush(int file) noexcept {
  return ::_commit(file) == 0;
}

void flush_folder(const std::string&) noexcept {}  // rename_over() writes through

bool rename_over(const std::string& from, const std::string& to) {
  return told(::MoveFileExW(wide(from).c_str(), wide(to).c_str(),
                            MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0);
}

bool remove_file(const std::string& path) {
  return ::_wunlink(wide(path).c_str()) == 0;
}

int reserve(int file, std::size_t size) noexcept {
  return ::_chsize_s(file, static_cast<std::int64_t>(size));
}

// Neither way is a handle kept: a view holds what it shows.
const char* map_to_read(int file, std::size_t size) noexcept {
  const HANDLE mapping = ::CreateFileMappingW(handle_of(file), nullptr, PAGE_READONLY, 0, 0, nullptr);
  if (!told(mapping != nullptr)) return nullptr;
  const void* data = ::MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, size);
  told(data != nullptr);
  ::CloseHandle(mapping);
  return static_cast<const char*>(data);
}

char* map_to_write(int file, std::size_t size) noexcept {
  const HANDLE mapping =
      ::CreateFileMappingW(handle_of(file), nullptr, PAGE_READWRITE,
                           static_cast<DWORD>(std::uint64_t{size} >> 32), static_cast<DWORD>(size), nullptr);
  if (!told(mapping != nullptr)) return nullptr;
  void* data = ::MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, size);
  told(data != nullptr);
  ::CloseHandle(mapping);
  return static_cast<char*>(data);
}

void unmap(const void* data, std::size_t) noexcept {
  ::UnmapViewOfFile(data);
}

void* aligned_memory(std::size_t alignment, std::size_t size) noexcept {
  return ::_aligned_malloc(size, alignment);
}

void free_aligned(void* data) noexcept {
  ::_aligned_free(data);
}

void use_huge_pages(void*, std::size_t) noexcept {}  // they need a privilege

std::size_t memory_size() noexcept {
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  return ::GlobalMemoryStatusEx(&status) != 0 ? static_cast<std::size_t>(status.ullTotalPhys) : 0;
}

unsigned configured_processors() noexcept {
  return std::max(1U, static_cast<unsigned>(::GetActiveProcessorCount(ALL_PROCESSOR_GROUPS)));
}

unsigned allowed_processors() {
  DWORD_PTR allowed = 0, all = 0;
  // Zero where the process is in several groups of processors.
  if (::GetProcessAffinityMask(::GetCurrentProcess(), &allowed, &all) != 0 && allowed != 0)
    return static_cast<unsigned>(std::popcount(static_cast<std::uint64_t>(allowed)));
  return std::max(1U, std::thread::hardware_concurrency());
}

int current_processor() noexcept {
  return -1;  // the system does not put woken threads beside the one that woke them
}

// Ctrl-C comes in a thread of its own here.
void start_without_signals(const std::function<void()>& start) {
  start();
}

void step_aside(int) noexcept {}

void at_fork(void (*)(), void (*)(), void (*)()) noexcept {}  // processes do not fork

// Threads are not ended by unwinding here.
void keep_stack(const std::function<void()>& take) {
  take();
}

}  // namespace stochos::os
