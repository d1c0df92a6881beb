// Products of matrices and expressions over columns of numbers: what a thread computes.
#pragma once
#include <cstddef>
#include <cstdint>

#include "cuda/program_body.hpp"

namespace stochos::cuda {

// One column: value i is data[i * step].
struct Column {
  const double* data = nullptr;
  std::size_t step = 0;
};

struct Elementwise {
  const Step* steps = nullptr;
  const double* constants = nullptr;
  const Column* columns = nullptr;
  Code code;
};

STOCHOS_DEVICE inline double element(const Elementwise& e, std::size_t i, double* registers) {
  return run_code(
      e.code, e.steps, e.constants, [&](std::uint32_t k) { return e.columns[k].data[i * e.columns[k].step]; },
      registers);
}

// Adds `count` terms of a row of a and a column of b, whose numbers stand so far apart, one after the other.
template <class T>
STOCHOS_DEVICE inline T add_products(T sum, const T* a, std::size_t a_step, const T* b, std::size_t b_step,
                                     std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) sum += a[k * a_step] * b[k * b_step];
  return sum;
}

}  // namespace stochos::cuda
