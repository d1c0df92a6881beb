#include "cuda/dense.hpp"

#include "cuda/device.hpp"

namespace stochos::cuda {

std::string product_library() {
  return {};
}

void matmul(const ProductShape&, const float*, const float*, float*, const std::function<void()>&) {
  require("cuda.matmul");
}
void matmul(const ProductShape&, const double*, const double*, double*, const std::function<void()>&) {
  require("cuda.matmul");
}
void evaluate(const Programs&, const Code&, std::span<const Column>, std::span<double>,
              const std::function<void()>&) {
  require("cuda.evaluate");
}

}  // namespace stochos::cuda
