// Dense work on the device: matrix products through cuBLAS where its library is found, else by a kernel of
// our own; expressions over columns, all operations in one pass. References beside them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "cuda/dense_body.hpp"
#include "cuda/programs.hpp"

namespace stochos::cuda {

struct ProductShape {
  std::size_t rows = 0, inner = 0, columns = 0;
};

// Which library makes products: its name, or "" where a kernel of our own does.
std::string product_library();

// out (rows, columns) = a (rows, inner) b (inner, columns), row after row. between() is called after each
// slice and may throw. Throws what require() throws, and Error(memory).
void matmul(const ProductShape& shape, const float* a, const float* b, float* out,
            const std::function<void()>& between);
void matmul(const ProductShape& shape, const double* a, const double* b, double* out,
            const std::function<void()>& between);

// out[i], i < size, of a program over columns of `size` numbers or of one.
void evaluate(const Programs& programs, const Code& code, std::span<const Column> columns,
              std::span<double> out, const std::function<void()>& between);

// Sums in the order of the inner index, as our own kernel has them.
void matmul_reference(const ProductShape& shape, const float* a, const float* b, float* out);
void matmul_reference(const ProductShape& shape, const double* a, const double* b, double* out);
void evaluate_reference(const Programs& programs, const Code& code, std::span<const Column> columns,
                        std::span<double> out);

}  // namespace stochos::cuda
