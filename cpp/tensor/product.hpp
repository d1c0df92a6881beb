// One matrix product, on several threads where that pays.
#pragma once
#include <cstddef>
#include <functional>

namespace stochos::tensor {

// A part of a matrix, or of an array seen as rows of its last axis.
struct Block {
  std::size_t row, rows, column, columns;
};
using BlockDone = std::function<void(const Block&)>;

// C (m x n) = op(A) op(B), or C + op(A) op(B) with `plus`; all row-major, leading dimensions in elements. The
// bits are the same for any number of threads. float and double. Calls `done` with each block that stands,
// while it is in the cache; from several threads at once, unless it is all of C.
template <class T>
void product(bool turned_a, bool turned_b, std::size_t m, std::size_t n, std::size_t k, const T* a,
             std::size_t lda, const T* b, std::size_t ldb, bool plus, T* c, std::size_t ldc,
             const BlockDone& done = {});

}  // namespace stochos::tensor
