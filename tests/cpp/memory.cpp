#include "memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> made_{0};

void* tried(std::size_t size) noexcept {
  made_.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size > 0 ? size : 1);
}

void* tried(std::size_t size, std::align_val_t alignment) noexcept {
  const auto unit = static_cast<std::size_t>(alignment);
  made_.fetch_add(1, std::memory_order_relaxed);
  return std::aligned_alloc(unit, (size + unit) / unit * unit);
}

void* there(void* place) {
  if (place == nullptr) throw std::bad_alloc();
  return place;
}

}  // namespace

std::uint64_t memory::made() noexcept {
  return made_.load();
}

// Of the whole program, and every form: what one of a sanitizer gave could not be freed by these.
void* operator new(std::size_t size) {
  return there(tried(size));
}
void* operator new[](std::size_t size) {
  return there(tried(size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return tried(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return tried(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return there(tried(size, alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return there(tried(size, alignment));
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return tried(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return tried(size, alignment);
}

void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}
void operator delete(void* place, std::align_val_t) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t, std::align_val_t) noexcept {
  std::free(place);
}
void operator delete(void* place, const std::nothrow_t&) noexcept {
  std::free(place);
}
void operator delete(void* place, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(place);
}
void operator delete[](void* place) noexcept {
  std::free(place);
}
void operator delete[](void* place, std::size_t) noexcept {
  std::free(place);
}
void operator delete[](void* place, std::align_val_t) noexcept {
  std::free(place);
}
void operator delete[](void* place, std::size_t, std::align_val_t) noexcept {
  std::free(place);
}
void operator delete[](void* place, const std::nothrow_t&) noexcept {
  std::free(place);
}
void operator delete[](void* place, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(place);
}
