#include "tensor/buffer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include "base/memory.hpp"
#include "base/os.hpp"
#include "base/spin.hpp"
#include "tensor/context.hpp"

namespace stochos::tensor {
namespace {

constexpr std::size_t kAlignment = 64, kHugePage = std::size_t{2} << 20;
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
    return std::clamp(os::memory_size() / 32, kLeastCached, kMostCached);
  }();
  return bytes;
}

// Freed blocks of each class, chained through their first words: keeping one takes no memory, so that it
// cannot fail.
struct Cache {
  std::mutex mutex;
  std::array<void*, kClasses> first{};
  std::size_t bytes = 0;

  void* take(int size_class) noexcept {
    void*& head = first[static_cast<std::size_t>(size_class)];
    void* const block = head;
    if (block != nullptr) {
      head = *static_cast<void**>(block);
      bytes -= class_bytes(size_class);
    }
    return block;
  }
  void put(int size_class, void* block) noexcept {
    void*& head = first[static_cast<std::size_t>(size_class)];
    ::new (block) void*(head);
    head = block;
    bytes += class_bytes(size_class);
  }
};

Cache& cache() noexcept {
  // Never destroyed: buffers may outlive static destructors. Not from the heap either, which may be used up.
  alignas(Cache) static std::byte place[sizeof(Cache)];
  static Cache* made = [] {
    static Cache* known;
    known = ::new (static_cast<void*>(place)) Cache;
    os::at_fork([] { known->mutex.lock(); }, [] { known->mutex.unlock(); }, [] { known->mutex.unlock(); });
    return known;
  }();
  return *made;
}

}  // namespace

Ref<Buffer> Buffer::make(std::size_t bytes) {
  const int size_class = class_of(bytes);
  if (size_class >= kClasses)
    fail("tensor", std::to_string(bytes) + " bytes cannot be had", ErrorKind::memory);
  const std::size_t whole = class_bytes(size_class);
  std::unique_ptr<Buffer, void (*)(Buffer*)> made(new Buffer, [](Buffer* buffer) { delete buffer; });
  void* memory = nullptr;
  {
    Cache& kept = cache();
    const auto lock = briefly_locked(kept.mutex);
    memory = kept.take(size_class);
  }
  if (memory == nullptr) {
    const std::size_t alignment = whole >= kHugePage ? kHugePage : kAlignment;
    memory = os::aligned_memory(alignment, whole);
    if (memory == nullptr) {  // perhaps what is kept for others is enough
      drop_cached_buffers();
      memory = os::aligned_memory(alignment, whole);
    }
    if (memory == nullptr)
      fail("tensor", "there is no memory for " + std::to_string(bytes) + " bytes", ErrorKind::memory);
    prefer_huge_pages(memory, whole);
  }
  made->data_ = static_cast<std::byte*>(memory);
  made->bytes_ = bytes;
  made->size_class_ = size_class;
  return Ref<Buffer>(made.release());
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
      const auto lock = briefly_locked(kept.mutex);
      keep = whole <= room() / 4 && kept.bytes + whole <= room();
      if (keep) kept.put(buffer->size_class_, buffer->data_);
    }
    if (!keep) os::free_aligned(buffer->data_);
  }
  delete buffer;
}

std::size_t cached_bytes() noexcept {
  Cache& kept = cache();
  const auto lock = briefly_locked(kept.mutex);
  return kept.bytes;
}

void drop_cached_buffers() noexcept {
  Cache& kept = cache();
  const auto lock = briefly_locked(kept.mutex);
  for (int size_class = 0; size_class < kClasses; ++size_class) {
    while (void* const block = kept.take(size_class)) os::free_aligned(block);
  }
}

}  // namespace stochos::tensor
