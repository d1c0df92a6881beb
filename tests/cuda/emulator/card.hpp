// The emulated card's memory and state.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "cuda_runtime.h"

namespace emulated {

// Memory that ends where a page ends that nobody may touch; full of set bits: NaN, or an index far away.
class Buffer {
 public:
  explicit Buffer(std::size_t size);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&&) = delete;

  void* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  void fill() const noexcept;
  void allow(bool touch) const noexcept;  // else it cannot be touched
  bool is_whole() const noexcept;         // nothing was written before its begin

 private:
  std::size_t slack() const noexcept;  // bytes of its pages before its begin
  std::size_t size_ = 0, pages_ = 0;
  char* whole_ = nullptr;
  void* data_ = nullptr;
};

// Does one thing at a time, as long as one of these lives.
class Card {
 public:
  // Whether the call is answered; else it fails.
  bool takes_call();
  bool takes_launch(dim3 grid, dim3 block, std::size_t shared);
  std::uint32_t next_order();
  void open();   // kernels may touch the card's memory
  void close();  // and the host may not

 private:
  std::lock_guard<std::mutex> lock_{mutex_};
  static std::mutex mutex_;
};

}  // namespace emulated
