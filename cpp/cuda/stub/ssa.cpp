#include "cuda/ssa.hpp"

#include "cuda/device.hpp"

namespace stochos::cuda {

std::unique_ptr<SsaBatches> make_ssa(const SsaNetwork&, const SsaSize&) {
  require("reactions.simulate");
  return nullptr;
}

}  // namespace stochos::cuda
