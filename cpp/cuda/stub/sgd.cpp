#include "cuda/sgd.hpp"

#include "cuda/device.hpp"

namespace stochos::cuda {

std::unique_ptr<SgdFit> make_sgd(const SgdProblemData&) {
  require("words.fit");
  return nullptr;
}

}  // namespace stochos::cuda
