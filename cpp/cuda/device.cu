// Which devices are there, by the driver's own words.
#include <cuda_runtime.h>

#include <string>

#include "base/error.hpp"
#include "cuda/device.hpp"

namespace stochos::cuda {

bool is_built() noexcept {
  return true;
}

std::vector<Device> devices() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    (void)cudaGetLastError();
    return {};
  }
  std::vector<Device> made;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp facts{};
    if (cudaGetDeviceProperties(&facts, i) != cudaSuccess) continue;
    made.push_back({facts.name, facts.major, facts.minor,
                    static_cast<std::uint32_t>(facts.multiProcessorCount), facts.totalGlobalMem});
  }
  return made;
}

void require(const std::string& where) {
  int count = 0;
  const cudaError_t answer = cudaGetDeviceCount(&count);
  if (answer == cudaSuccess && count > 0) return;
  (void)cudaGetLastError();
  throw Error(
      ErrorKind::device, where,
      std::string("device='cuda' needs a graphics card of NVIDIA and its driver; asked for the number "
                  "of devices, CUDA answered ") +
          (answer == cudaSuccess ? "0" : std::string("'") + cudaGetErrorString(answer) + "'") +
          "; use device='cpu' here");
}

}  // namespace stochos::cuda
