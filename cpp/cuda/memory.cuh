// Memory of the device, and answers of the driver turned into errors; for the kernels' files alone.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace stochos::cuda {

inline void check(cudaError_t answer, const char* where, const char* what) {
  if (answer == cudaSuccess) return;
  (void)cudaGetLastError();  // an error of one call is not to be told again by the next
  throw Error(ErrorKind::device, where,
              std::string("CUDA answered '") + cudaGetErrorString(answer) + "' to " + what);
}

// Numbers on the device.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(std::size_t size, const char* where) : size_(size) {
    if (size == 0) return;
    const cudaError_t answer = cudaMalloc(reinterpret_cast<void**>(&data_), size * sizeof(T));
    if (answer == cudaErrorMemoryAllocation) {
      (void)cudaGetLastError();
      std::size_t free = 0, total = 0;
      (void)cudaMemGetInfo(&free, &total);
      throw Error(ErrorKind::memory, where,
                  std::to_string(size * sizeof(T)) + " bytes were asked of the device, where " +
                      std::to_string(free) + " of " + std::to_string(total) +
                      " are free; end what else uses it, or ask for less");
    }
    check(answer, where, "taking memory");
  }
  Buffer(const std::vector<T>& values, const char* where) : Buffer(values.size(), where) {
    put(values, where);
  }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { (void)cudaFree(data_); }

  T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

  void put(std::span<const T> values, const char* where) {
    if (!values.empty())
      check(cudaMemcpy(data_, values.data(), values.size_bytes(), cudaMemcpyHostToDevice), where,
            "copying to the device");
  }
  void get(std::span<T> values, const char* where) const {
    if (!values.empty())
      check(cudaMemcpy(values.data(), data_, values.size_bytes(), cudaMemcpyDeviceToHost), where,
            "copying from the device");
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

// Waits for the kernel that was started last.
inline void finish(const char* where, const char* what) {
  check(cudaGetLastError(), where, what);
  check(cudaDeviceSynchronize(), where, what);
}

}  // namespace stochos::cuda
