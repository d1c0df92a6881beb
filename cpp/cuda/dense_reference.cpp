#include <array>

#include "cuda/dense.hpp"

namespace stochos::cuda {
namespace {

template <class T>
void product(const ProductShape& shape, const T* a, const T* b, T* out) {
  for (std::size_t i = 0; i < shape.rows; ++i)
    for (std::size_t j = 0; j < shape.columns; ++j)
      out[i * shape.columns + j] =
          add_products(T{0}, a + i * shape.inner, 1, b + j, shape.columns, shape.inner);
}

}  // namespace

void matmul_reference(const ProductShape& shape, const float* a, const float* b, float* out) {
  product(shape, a, b, out);
}
void matmul_reference(const ProductShape& shape, const double* a, const double* b, double* out) {
  product(shape, a, b, out);
}

void evaluate_reference(const Programs& programs, const Code& code, std::span<const Column> columns,
                        std::span<double> out) {
  std::array<double, kMostRegisters> registers{};
  const Elementwise e{programs.steps.data(), programs.constants.data(), columns.data(), code};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = element(e, i, registers.data());
}

}  // namespace stochos::cuda
