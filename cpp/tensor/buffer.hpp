// Memory of tensors: aligned, counted, freed blocks kept for the next taker.
#pragma once
#include <atomic>
#include <cstddef>

#include "tensor/ref.hpp"

namespace stochos::tensor {

class Buffer {
 public:
  // 64-byte aligned, uninitialised. Throws Error(memory).
  static Ref<Buffer> make(std::size_t bytes);
  // Memory of somebody else; `done(owner)` is called with the last share. It must not throw.
  static Ref<Buffer> wrap(void* data, std::size_t bytes, void* owner, void (*done)(void*));

  std::byte* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }
  bool foreign() const noexcept { return done_ != nullptr; }
  // Whether the caller holds the only share.
  bool unique() const noexcept { return shares() == 1; }
  std::uint32_t shares() const noexcept { return count_.load(std::memory_order_acquire); }

  void retain() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() const noexcept {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(const_cast<Buffer*>(this));
  }

 private:
  Buffer() = default;
  ~Buffer() = default;
  static void destroy(Buffer* buffer) noexcept;

  mutable std::atomic<std::uint32_t> count_{0};
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  int size_class_ = 0;
  void* owner_ = nullptr;
  void (*done_)(void*) = nullptr;
};

// Bytes kept for reuse, and giving them back to the system.
std::size_t cached_bytes() noexcept;
void drop_cached_buffers() noexcept;

}  // namespace stochos::tensor
