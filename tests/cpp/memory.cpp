#include "memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> made_{0};

void* allocated(void* place) {
  if (place == nullptr) throw std::bad_alloc();
  return place;
}

}  // namespace

std::uint64_t memory::made() noexcept {
  return made_.load();
}

// Of the whole program. The array forms too: those of a sanitizer would not call these.
void* operator new(std::size_t size) {
  made_.fetch_add(1, std::memory_order_relaxed);
  return allocated(std::malloc(size > 0 ? size : 1));
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}
void* operator new[](std::size_t size) {
  return operator new(size);
}
void operator delete[](void* place) noexcept {
  std::free(place);
}
void operator delete[](void* place, std::size_t) noexcept {
  std::free(place);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  made_.fetch_add(1, std::memory_order_relaxed);
  return allocated(std::aligned_alloc(unit, (size + unit) / unit * unit));
}
void operator delete(void* place, std::align_val_t) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t, std::align_val_t) noexcept {
  std::free(place);
}
