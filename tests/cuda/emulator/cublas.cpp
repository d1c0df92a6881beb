// cuBLAS over the emulated card: products of matrices whose columns stand one after the other, as its
// documentation has them. STOCHOS_EMULATED_CUBLAS=0: a machine without it.
#include "cuda/cublas.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "card.hpp"

namespace stochos::cuda {
namespace {

constexpr int kDone = 0, kInvalid = 7;
int handles = 0;

int create(void** handle) {
  *handle = &handles;
  return kDone;
}
int destroy(void* handle) {
  return handle == &handles ? kDone : kInvalid;
}

// c (m, n) = alpha a (m, k) b (k, n) + beta c; number (i, j) of a matrix stands at j * ld + i.
template <class T>
int gemm(void* handle, int of_a, int of_b, int m, int n, int k, const T* alpha, const T* a, int lda,
         const T* b, int ldb, const T* beta, T* c, int ldc) {
  if (handle != &handles || of_a != 0 || of_b != 0 || m < 0 || n < 0 || k < 0 || lda < std::max(1, m) ||
      ldb < std::max(1, k) || ldc < std::max(1, m))
    return kInvalid;
  emulated::Card card;
  card.open();
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < m; ++i) {
      T sum = 0;
      for (int p = 0; p < k; ++p) sum += a[std::size_t(p) * lda + i] * b[std::size_t(j) * ldb + p];
      T& to = c[std::size_t(j) * ldc + i];
      to = *alpha * sum + (*beta == 0 ? T{0} : *beta * to);
    }
  card.close();
  return kDone;
}

}  // namespace

const Cublas& cublas() {
  static const Cublas none, found{create, destroy, gemm<float>, gemm<double>, "cuBLAS of the emulated card"};
  const char* const told = std::getenv("STOCHOS_EMULATED_CUBLAS");
  return told != nullptr && std::string_view(told) == "0" ? none : found;
}

}  // namespace stochos::cuda
