#include "allocator.hpp"

#include <atomic>
#include <cstdlib>

namespace {

std::atomic<std::int64_t> live{0}, left{0};  // left: allocations until one fails, 0 for none
std::atomic<std::uint64_t> failures_{0};
std::atomic<bool> all{false}, failing{false};

bool fails() noexcept {
  if (!failing.load(std::memory_order_relaxed)) return false;
  const std::int64_t now = left.fetch_sub(1, std::memory_order_relaxed) - 1;
  if (now > 0 || (now < 0 && !all.load(std::memory_order_relaxed))) return false;
  failures_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void* counted(void* place) noexcept {
  if (place != nullptr) live.fetch_add(1, std::memory_order_relaxed);
  return place;
}

}  // namespace

namespace failures {

void fail_at(std::uint64_t n, Failing which) noexcept {
  failing = false;
  all = which == Failing::all_from_there;
  failures_ = 0;
  left = static_cast<std::int64_t>(n);
  failing = n > 0;
}
std::uint64_t failed() noexcept {
  return failures_.load();
}
std::int64_t live_blocks() noexcept {
  return live.load();
}

}  // namespace failures

extern "C" {
void* __real_malloc(std::size_t size);
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void* __real_realloc(void* place, std::size_t size);
char* __real_realpath(const char* path, char* resolved);
void __real_free(void* place);

void* __wrap_malloc(std::size_t size) {
  return fails() ? nullptr : counted(__real_malloc(size));
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  return fails() ? nullptr : counted(__real_aligned_alloc(alignment, size));
}
void* __wrap_realloc(void* place, std::size_t size) {
  if (fails()) return nullptr;
  void* const made = __real_realloc(place, size);
  return place == nullptr ? counted(made) : made;
}
char* __wrap_realpath(const char* path, char* resolved) {
  char* const made = __real_realpath(path, resolved);
  if (resolved == nullptr) counted(made);
  return made;
}
void __wrap_free(void* place) {
  if (place != nullptr) live.fetch_sub(1, std::memory_order_relaxed);
  __real_free(place);
}
}
