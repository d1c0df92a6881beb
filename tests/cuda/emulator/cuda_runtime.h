// The part of CUDA's runtime that the kernels' files use, over a card that is emulated on the processor: each
// thread of a block is a fiber, which waits where CUDA's would. What the card would forgive is refused:
// - a launch that no card takes, and threads of one warp or block that wait for one another in vain,
// - the host's hand in the card's memory (it cannot be touched but by kernels and copies), and a step beyond
//   a buffer's end,
// - numbers that nobody wrote: memory is full of bits that are NaN, or an index far away.
// Threads of a block go on in an order that is drawn anew at each barrier; the thread sanitizer sees fibers
// as threads, and only barriers order them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <tuple>
#include <type_traits>

#define __global__ static
#define __device__
#define __host__
#define __shared__ static  // one block runs at a time
#define threadIdx (::emulated::thread().index)
#define blockIdx (::emulated::thread().block)
#define blockDim (::emulated::thread().block_size)
#define gridDim (::emulated::thread().grid_size)

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  dim3() = default;
  dim3(unsigned x_, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

enum cudaError_t {
  cudaSuccess,
  cudaErrorMemoryAllocation,
  cudaErrorInvalidConfiguration,
  cudaErrorInvalidValue,
  cudaErrorNoDevice,
  cudaErrorUnknown
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };

struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount;
  std::size_t totalGlobalMem;
};

const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* facts, int device);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaMalloc(void** place, std::size_t size);
cudaError_t cudaFree(void* place);
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t size, cudaMemcpyKind kind);
cudaError_t cudaDeviceSynchronize();

namespace emulated {

struct Thread {
  dim3 index, block, block_size, grid_size;
};
const Thread& thread();  // the one that runs

// Where the threads of a warp, or of a block, wait for one another; all of them must wait for the same.
enum class Wait { none, block, count, warp, shuffle, ballot };
// Gives how many of those that waited said `is`.
unsigned wait(Wait what, bool is = false);
// Gives the value of the thread of this warp whose lane is this one's, xor `other`.
std::uint64_t exchange(std::uint64_t value, unsigned other);
std::uint32_t ballot(bool is);

// The block's shared memory of the size that the launch asked for.
void* shared_memory();
template <class T>
T* shared() {
  return static_cast<T*>(shared_memory());
}

void run_grid(dim3 grid, dim3 block, std::size_t shared, const std::function<void()>& kernel);

// What `kernel<<<grid, block, shared>>>(arguments)` is rewritten to; every thread has its own arguments.
struct Launch {
  dim3 grid, block;
  std::size_t shared = 0;
  template <class... P, class... A>
  void operator()(void (*kernel)(P...), const A&... arguments) const {
    const std::tuple<std::remove_cv_t<P>...> own(static_cast<P>(arguments)...);
    run_grid(grid, block, shared, [&] { std::apply(kernel, own); });
  }
};

}  // namespace emulated

inline void __syncthreads() {
  emulated::wait(emulated::Wait::block);
}
inline int __syncthreads_count(int is) {
  return static_cast<int>(emulated::wait(emulated::Wait::count, is != 0));
}
inline void __syncwarp() {
  emulated::wait(emulated::Wait::warp);
}
inline std::uint32_t __ballot_sync(std::uint32_t, bool is) {
  return emulated::ballot(is);
}
template <class T>
T __shfl_xor_sync(std::uint32_t, T value, unsigned other) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t) && std::is_trivially_copyable_v<T>);
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  bits = emulated::exchange(bits, other);
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
inline int __popc(std::uint32_t bits) {
  return __builtin_popcount(bits);
}
inline float __ldcg(const float* place) {
  float value;
  __atomic_load(place, &value, __ATOMIC_RELAXED);
  return value;
}
inline float atomicAdd(float* place, float value) {
  float old, sum;
  __atomic_load(place, &old, __ATOMIC_RELAXED);
  do sum = old + value;
  while (!__atomic_compare_exchange(place, &old, &sum, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}
