// The few BLAS and LAPACK calls we make, under one name whether or not the library prefixes its symbols.
// OpenBLAS is kept at one thread: parallelism is ours (base/pool.hpp).
#pragma once
#include <cstddef>
#include <string>

namespace stochos::blas {

// C (m x n) = alpha * op(A) op(B) + beta * C; all row-major, leading dimensions in elements.
void gemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k, float alpha,
          const float* a, std::size_t lda, const float* b, std::size_t ldb, float beta, float* c,
          std::size_t ldc);
void gemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k, double alpha,
          const double* a, std::size_t lda, const double* b, std::size_t ldb, double beta, double* c,
          std::size_t ldc);
// Eigenvalues (ascending, into w) and eigenvectors (column j of the row-major a belongs to w[j]) of a
// symmetric n x n matrix. Throws Error(convergence) when LAPACK gives up.
void symmetric_eigen(std::size_t n, double* a, double* w, const std::string& where);
// What the library says of itself: version, threading, kernel.
std::string description();

}  // namespace stochos::blas
