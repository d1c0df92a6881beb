// What operating systems do each in their own way. Every function is in one of os_linux.cpp, os_macos.cpp and
// os_windows.cpp, or in os_posix.cpp, which the first two share; nothing else in the core names a system.
// Paths are UTF-8. What gives -1, nullptr or false where it fails leaves the reason in errno.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace stochos::os {

// --- files
inline constexpr int kNone = -1;  // no file

struct Facts {
  bool exists = false, folder = false, regular = false;
  unsigned mode = 0;  // permissions
  std::uint64_t size = 0;
};

Facts facts_of(const std::string& path);
Facts facts_of(int file) noexcept;
// The folder part of a path; "." where it has none.
std::string folder_of(const std::string& path);
// Where a path leads behind all links; empty where nothing is.
std::string real_path(const std::string& path);

int open_to_read(const std::string& path);
// The same, but without waiting for what writes into a pipe.
int open_at_once(const std::string& path);
// Tells the system that a file will be read from its beginning to its end.
void expect_whole_reading(int file) noexcept;
// As POSIX has them: the number of bytes, 0 at the end, -1 with errno.
std::ptrdiff_t read_some(int file, void* data, std::size_t size) noexcept;
std::ptrdiff_t read_some_at(int file, void* data, std::size_t size, std::uint64_t place) noexcept;
std::ptrdiff_t write_some(int file, const void* data, std::size_t size) noexcept;
bool seek_to(int file, std::uint64_t place) noexcept;
void close_file(int file) noexcept;

// A new file to write; the name ends in XXXXXX, which become what is free.
int make_temporary(std::string& name);
// A file without a name in a folder, which give_name() can name later; -1 where the system has none.
int make_nameless(const std::string& folder);
// False with EEXIST where something has the name.
bool give_name(int file, const std::string& path);
// Scratch space in a folder, gone when it is closed, however the process ends.
int make_scratch(const std::string& folder);
// The permissions of the file that is replaced, else those of a new file.
void take_mode(int file, const Facts& replaced) noexcept;
// Until the answer is closed, one process at a time has it; -1 where it is not to be had within moments.
int lock_folder(const std::string& folder);
// To the disk.
bool flush(int file) noexcept;
void flush_folder(const std::string& folder) noexcept;
// The first name takes the place of what has the second.
bool rename_over(const std::string& from, const std::string& to);
bool remove_file(const std::string& path);
// Blocks for so many bytes, so that writing to a mapping cannot fail; 0 or the reason.
int reserve(int file, std::size_t size) noexcept;

const char* map_to_read(int file, std::size_t size) noexcept;
char* map_to_write(int file, std::size_t size) noexcept;
void unmap(const void* data, std::size_t size) noexcept;

// --- memory
void* aligned_memory(std::size_t alignment, std::size_t size) noexcept;
void free_aligned(void* data) noexcept;
// A hint; `data` and `size` are whole pages of 4 KiB.
void use_huge_pages(void* data, std::size_t size) noexcept;
// Of the machine, in bytes; 0 where it is not known.
std::size_t memory_size() noexcept;

// --- processors and threads
unsigned configured_processors() noexcept;
// What affinity and quota leave of them to this process.
unsigned allowed_processors();
// That the calling thread is on; -1 where it is not known.
int current_processor() noexcept;
// Runs `start`; the threads that it starts take no signals but those of their own faults. Where a handler of
// Python's runs in another thread than the main one, the main one may not hear of it until it gives its lock
// back.
void start_without_signals(const std::function<void()>& start);
// Moves the calling thread to another processor than this, where it may be on one.
void step_aside(int processor) noexcept;
// Called around every fork, where the system has it.
void at_fork(void (*before)(), void (*parent)(), void (*child)()) noexcept;
// Runs `take`. Where the system ends a thread within it by unwinding the stack, the thread waits for the end
// of the process instead.
void keep_stack(const std::function<void()>& take);

}  // namespace stochos::os
