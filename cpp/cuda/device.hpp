// The graphics card: whether this build can use one, and which are there. cuda/stub holds the same symbols
// for builds without CUDA.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace stochos::cuda {

struct Device {
  std::string name;
  int major = 0, minor = 0;  // compute capability
  std::uint32_t processors = 0;
  std::uint64_t memory = 0;  // bytes
};

// Whether the kernels were compiled in.
bool is_built() noexcept;
// Those that the driver shows, the first of which is used; none where there is no build, driver or card.
std::vector<Device> devices();
// Throws Error(missing) that prints the pip line where the build has no CUDA, Error(device) that tells what
// the driver answered where there is no card.
void require(const std::string& where);

}  // namespace stochos::cuda
