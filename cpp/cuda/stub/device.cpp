// A build without CUDA: no device, and an error that tells how to build with it.
#include "cuda/device.hpp"

#include "base/error.hpp"

namespace stochos::cuda {

bool is_built() noexcept {
  return false;
}

std::vector<Device> devices() {
  return {};
}

void require(const std::string& where) {
  throw Error(
      ErrorKind::missing, where,
      "this build of Stochos has no CUDA; with the CUDA toolkit (nvcc) on the path, build it anew from its "
      "source: pip install -Ccmake.define.STOCHOS_CUDA=ON --no-binary stochos stochos, or . in its folder");
}

}  // namespace stochos::cuda
