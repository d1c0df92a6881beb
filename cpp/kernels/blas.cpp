#include "kernels/blas.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"

#ifdef STOCHOS_BLAS_PREFIXED
#define STOCHOS_BLAS(name) scipy_##name
#else
#define STOCHOS_BLAS(name) name
#endif

// Declared here rather than through cblas.h: two libraries, two sets of headers, one set of functions.
extern "C" {
void STOCHOS_BLAS(cblas_sgemm)(int, int, int, int, int, int, float, const float*, int, const float*, int,
                               float, float*, int);
void STOCHOS_BLAS(cblas_dgemm)(int, int, int, int, int, int, double, const double*, int, const double*, int,
                               double, double*, int);
void STOCHOS_BLAS(dsyevd_)(const char*, const char*, const int*, double*, const int*, double*, double*,
                           const int*, int*, const int*, int*, std::size_t, std::size_t);
void STOCHOS_BLAS(openblas_set_num_threads)(int);
char* STOCHOS_BLAS(openblas_get_config)();
char* STOCHOS_BLAS(openblas_get_corename)();
}

namespace stochos::blas {
namespace {
constexpr int kRowMajor = 101, kNoTranspose = 111, kTranspose = 112;  // CBLAS enumerations

void single_threaded() {
  static const bool done = (STOCHOS_BLAS(openblas_set_num_threads)(1), true);
  (void)done;
}
}  // namespace

void gemm(bool ta, bool tb, std::size_t m, std::size_t n, std::size_t k, float alpha, const float* a,
          std::size_t lda, const float* b, std::size_t ldb, float beta, float* c, std::size_t ldc) {
  single_threaded();
  STOCHOS_BLAS(cblas_sgemm)
  (kRowMajor, ta ? kTranspose : kNoTranspose, tb ? kTranspose : kNoTranspose, static_cast<int>(m),
   static_cast<int>(n), static_cast<int>(k), alpha, a, static_cast<int>(lda), b, static_cast<int>(ldb), beta,
   c, static_cast<int>(ldc));
}

void gemm(bool ta, bool tb, std::size_t m, std::size_t n, std::size_t k, double alpha, const double* a,
          std::size_t lda, const double* b, std::size_t ldb, double beta, double* c, std::size_t ldc) {
  single_threaded();
  STOCHOS_BLAS(cblas_dgemm)
  (kRowMajor, ta ? kTranspose : kNoTranspose, tb ? kTranspose : kNoTranspose, static_cast<int>(m),
   static_cast<int>(n), static_cast<int>(k), alpha, a, static_cast<int>(lda), b, static_cast<int>(ldb), beta,
   c, static_cast<int>(ldc));
}

void symmetric_eigen(std::size_t n, double* a, double* w, const std::string& where) {
  if (n == 0) return;
  single_threaded();
  const int size = static_cast<int>(n), ask = -1;
  int info = 0, int_length = 0;
  double length = 0;
  STOCHOS_BLAS(dsyevd_)("V", "U", &size, a, &size, w, &length, &ask, &int_length, &ask, &info, 1, 1);
  std::vector<double> work(static_cast<std::size_t>(length));
  std::vector<int> int_work(static_cast<std::size_t>(int_length));
  const int work_size = static_cast<int>(work.size()), int_size = int_length;
  STOCHOS_BLAS(dsyevd_)("V", "U", &size, a, &size, w, work.data(), &work_size, int_work.data(), &int_size,
                        &info, 1, 1);
  if (info != 0) {
    throw Error(ErrorKind::convergence, where,
                "the eigenvalue routine stopped with code " + std::to_string(info) +
                    "; does the matrix hold NaN or infinity?");
  }
  // LAPACK is column-major: vector j is row j here. Transpose in place.
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) std::swap(a[i * n + j], a[j * n + i]);
  }
}

std::string description() {
  single_threaded();
  return std::string(STOCHOS_BLAS(openblas_get_config)()) + " (kernel " +
         STOCHOS_BLAS(openblas_get_corename)() + ")";
}

}  // namespace stochos::blas
