// The emulated card tells what is wrong with a kernel: each fault that it is there for is planted once.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "check.hpp"
#include "cuda_runtime.h"

namespace {

constexpr unsigned kThreads = 64;

double* taken(std::size_t count) {
  void* place = nullptr;
  CHECK(cudaMalloc(&place, count * sizeof(double)) == cudaSuccess);
  return static_cast<double*>(place);
}

// Each thread says its number to its neighbour in the other warp.
__global__ void turned(double* out, bool waits) {
  double* const shared = emulated::shared<double>();
  shared[threadIdx.x] = threadIdx.x;
  if (waits) __syncthreads();
  out[threadIdx.x] = shared[(threadIdx.x + 32) % kThreads];
}

__global__ void write_at(double* out, std::ptrdiff_t place) {
  if (threadIdx.x == 0) out[place] = 1;
}

__global__ void half_waits(double*, bool warp) {
  if (threadIdx.x % 2 != 0) return;
  if (warp) {
    __syncwarp();
  } else {
    __syncthreads();
  }
}

__global__ void both_wait(double*) {
  if (threadIdx.x % 2 == 0) {
    __syncwarp();
  } else {
    (void)__ballot_sync(0xFFFFFFFFU, true);
  }
}

// Whether a process that makes the call ends badly.
template <class Call>
bool ends_badly(Call&& call) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    (void)!std::freopen("/dev/null", "w", stderr);

    call();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status != 0;
}

}  // namespace

TEST(emulated_card_runs_each_thread_of_each_block) {
  double* const there = taken(kThreads);
  emulated::Launch{2, kThreads, kThreads * sizeof(double)}(turned, there, true);
  CHECK(cudaGetLastError() == cudaSuccess && cudaDeviceSynchronize() == cudaSuccess);
  std::vector<double> here(kThreads);
  CHECK(cudaMemcpy(here.data(), there, kThreads * sizeof(double), cudaMemcpyDeviceToHost) == cudaSuccess);
  for (unsigned k = 0; k < kThreads; ++k) CHECK(here[k] == (k + 32) % kThreads);
  CHECK(cudaFree(there) == cudaSuccess);
}

#if !defined(__SANITIZE_THREAD__)  // which ends the process at a race
TEST(emulated_card_shows_a_barrier_that_is_missing) {
  double* const there = taken(kThreads);
  emulated::Launch{1, kThreads, kThreads * sizeof(double)}(turned, there, false);
  std::vector<double> here(kThreads);
  (void)cudaMemcpy(here.data(), there, kThreads * sizeof(double), cudaMemcpyDeviceToHost);
  unsigned wrong = 0;
  for (unsigned k = 0; k < kThreads; ++k) wrong += here[k] != (k + 32) % kThreads ? 1 : 0;
  CHECK(wrong > 10);  // numbers that nobody had written yet, in an order by chance: about half
  CHECK(cudaFree(there) == cudaSuccess);
}
#else
TEST(planted_race) {
  if (std::getenv("STOCHOS_PLANTED") == nullptr) return;
  emulated::Launch{1, kThreads, kThreads * sizeof(double)}(turned, taken(kThreads), false);
}
TEST(emulated_card_shows_a_race_to_the_sanitizer) {
  CHECK(ends_badly([] {  // in a process that begins, since the sanitizer does not look on after a fork
    setenv("STOCHOS_PLANTED", "1", 1);
    execl("/proc/self/exe", "stochos_tests", "planted_race", nullptr);
  }));
}
#endif

TEST(emulated_card_ends_the_process_of_a_kernel_that_goes_wrong) {
  const auto at = [](std::ptrdiff_t place) {
    return ends_badly([place] {
      double* const there = taken(kThreads);
      emulated::Launch{1, kThreads}(write_at, there, place);
      (void)cudaFree(there);
    });
  };
  CHECK(!at(0) && !at(kThreads - 1));
  CHECK(at(kThreads) && at(-1) && at(-400) && at(500));
  CHECK(ends_badly([] { emulated::Launch{1, kThreads}(half_waits, nullptr, true); }));
  CHECK(ends_badly([] { emulated::Launch{1, kThreads}(half_waits, nullptr, false); }));
  CHECK(ends_badly([] { emulated::Launch{1, kThreads}(both_wait, nullptr); }));
}

TEST(emulated_card_keeps_its_memory_from_the_host) {
  CHECK(ends_badly([] { taken(4)[0] = 1; }));
  CHECK(ends_badly([] {
    double* const there = taken(4);
    emulated::Launch{1, 1}(write_at, there, 0);
    volatile double seen = there[0];
    (void)seen;
  }));
}

TEST(emulated_card_refuses_what_no_card_takes) {
  double* const there = taken(4);
  double here[5] = {};
  CHECK(cudaMemcpy(there, here, sizeof here, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(here, here + 1, 8, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(cudaGetLastError() == cudaErrorInvalidValue && cudaGetLastError() == cudaSuccess);
  for (const auto& launch :
       {emulated::Launch{0, 32}, {1, 0}, {1, 1025}, {dim3(1, 65536), 1}, {1, 32, 48 * 1024 + 1}}) {
    launch(write_at, there, 0);
    CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration);
  }
  CHECK(cudaFree(there) == cudaSuccess && cudaFree(there) == cudaErrorInvalidValue);
  CHECK(cudaFree(nullptr) == cudaSuccess && cudaGetLastError() == cudaErrorInvalidValue);
}
