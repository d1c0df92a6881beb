#include "tensor/buffer.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "base/memory.hpp"
#include "base/spin.hpp"
#include "tensor/context.hpp"

namespace stochos::tensor {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kLeastCached = std::size_t{256} << 20, kMostCached = std::size_t{1} << 30;
constexpr int kFirstShift = 6, kClasses = 4 * 42;  // four classes an octave from 64 bytes on

// Classes are 1, 1.25, 1.5 and 1.75 times a power of two: at most a fifth of a block is wasted.
int class_of(std::size_t bytes) noexcept {
  if (bytes <= kAlignment) return 0;
  const int octave = static_cast<int>(std::bit_width(bytes - 1)) - 1;  // 2^octave < bytes <= 2^(octave+1)
  const std::size_t quarter = ((bytes - 1) >> (octave - 2)) & 3;
  return (octave - kFirstShift) * 4 + static_cast<int>(quarter) + 1;
}

std::size_t class_bytes(int size_class) noexcept {
  const std::size_t base = kAlignment << (size_class / 4);
  return base + (base >> 2) * static_cast<std::size_t>(size_class % 4);
}

// Bytes kept over all classes: a thirty-second of the memory.
std::size_t room() noexcept {
  static const std::size_t bytes = [] {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    const std::size_t all =
        pages > 0 && page > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(page) : 0;
    return std::clamp(all / 32, kLeastCached, kMostCached);
  }();
  return bytes;
}

struct Cache {
  BriefMutex mutex;
  std::array<std::vector<void*>, kClasses> blocks;
  std::size_t bytes = 0;
};

Cache& cache() noexcept {
  static Cache* made = [] {
    auto* fresh = new Cache;  // never destroyed: buffers may outlive static destructors
    static Cache* known;
    known = fresh;
    pthread_atfork([] { known->mutex.lock(); }, [] { known->mutex.unlock(); }, [] { known->mutex.unlock(); });
    return fresh;
  }();
  return *made;
}

}  // namespace

Ref<Buffer> Buffer::make(std::size_t bytes) {
  const int size_class = class_of(bytes);
  if (size_class >= kClasses)
    fail("tensor", std::to_string(bytes) + " bytes cannot be had", ErrorKind::memory);
  const std::size_t whole = class_bytes(size_class);
  void* memory = nullptr;
  {
    Cache& kept = cache();
    const std::lock_guard lock(kept.mutex);
    auto& list = kept.blocks[static_cast<std::size_t>(size_class)];
    if (!list.empty()) {
      memory = list.back();
      list.pop_back();
      kept.bytes -= whole;
    }
  }
  if (memory == nullptr) {
    memory = std::aligned_alloc(kAlignment, (whole + kAlignment - 1) / kAlignment * kAlignment);
    if (memory == nullptr) {
      drop_cached_buffers();
      fail("tensor", "there is no memory for " + std::to_string(bytes) + " bytes", ErrorKind::memory);
    }
    prefer_huge_pages(memory, whole);
  }
  auto* made = new Buffer;
  made->data_ = static_cast<std::byte*>(memory);
  made->bytes_ = bytes;
  made->size_class_ = size_class;
  return Ref<Buffer>(made);
}

Ref<Buffer> Buffer::wrap(void* data, std::size_t bytes, void* owner, void (*done)(void*)) {
  auto* made = new Buffer;
  made->data_ = static_cast<std::byte*>(data);
  made->bytes_ = bytes;
  made->owner_ = owner;
  made->done_ = done;
  return Ref<Buffer>(made);
}

void Buffer::destroy(Buffer* buffer) noexcept {
  if (buffer->done_ != nullptr) {
    buffer->done_(buffer->owner_);
  } else {
    const std::size_t whole = class_bytes(buffer->size_class_);
    bool keep = false;
    {
      Cache& kept = cache();
      const std::lock_guard lock(kept.mutex);
      keep = whole <= room() / 4 && kept.bytes + whole <= room();
      if (keep) {
        kept.blocks[static_cast<std::size_t>(buffer->size_class_)].push_back(buffer->data_);
        kept.bytes += whole;
      }
    }
    if (!keep) std::free(buffer->data_);
  }
  delete buffer;
}

std::size_t cached_bytes() noexcept {
  Cache& kept = cache();
  const std::lock_guard lock(kept.mutex);
  return kept.bytes;
}

void drop_cached_buffers() noexcept {
  Cache& kept = cache();
  const std::lock_guard lock(kept.mutex);
  for (auto& list : kept.blocks) {
    for (void* block : list) std::free(block);
    list.clear();
  }
  kept.bytes = 0;
}

}  // namespace stochos::tensor
