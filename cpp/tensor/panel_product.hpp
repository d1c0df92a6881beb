// Products by our own kernels, with one or both matrices packed.
#pragma once
#include <cstddef>

#include "tensor/product.hpp"

namespace stochos::tensor {

inline std::size_t pieces(std::size_t whole, std::size_t piece) {
  return (whole + piece - 1) / piece;
}

// What product() is asked for.
template <class T>
struct Product {
  bool turned_a, turned_b;
  std::size_t m, n, k;
  const T* a;
  std::size_t lda;
  const T* b;
  std::size_t ldb;
  bool plus;
  T* c;
  std::size_t ldc;

  double work() const { return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
  // In multiply-adds, what it takes to write C among them.
  double effort() const {
    return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k + 16);
  }
  const T* a_at(std::size_t row, std::size_t step) const {
    return turned_a ? a + step * lda + row : a + row * lda + step;
  }
  const T* b_at(std::size_t step, std::size_t column) const {
    return turned_b ? b + column * ldb + step : b + step * ldb + column;
  }
  // A block of C, of a part of k that begins at `step`.
  Product part(const Block& block, std::size_t step, std::size_t steps) const {
    return {turned_a,
            turned_b,
            block.rows,
            block.columns,
            steps,
            a_at(block.row, step),
            lda,
            b_at(step, block.column),
            ldb,
            plus || step > 0,
            c + block.row * ldc + block.column,
            ldc};
  }
};

// The bits of an element depend on its row of A and its column of B alone.
template <class T>
void panel_product(const Product<T>& p, const BlockDone& done);

}  // namespace stochos::tensor
