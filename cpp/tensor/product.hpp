// One matrix product, on several threads where that pays.
#pragma once
#include <cstddef>

namespace stochos::tensor {

// C (m x n) = op(A) op(B), or C + op(A) op(B) with `plus`; all row-major, leading dimensions in elements. The
// bits are the same for any number of threads. float and double.
template <class T>
void product(bool turned_a, bool turned_b, std::size_t m, std::size_t n, std::size_t k, const T* a,
             std::size_t lda, const T* b, std::size_t ldb, bool plus, T* c, std::size_t ldc);

}  // namespace stochos::tensor
