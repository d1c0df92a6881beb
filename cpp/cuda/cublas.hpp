// cuBLAS, found at run time: a build needs none of its headers, and a machine without it has our own kernel.
#pragma once
#include <string>

namespace stochos::cuda {

// The part of cuBLAS's C interface that is used; its documentation is docs.nvidia.com/cuda/cublas. Status 0
// is success, operation 0 leaves a matrix as it is.
struct Cublas {
  int (*create)(void**) = nullptr;
  int (*destroy)(void*) = nullptr;
  int (*sgemm)(void*, int, int, int, int, int, const float*, const float*, int, const float*, int,
               const float*, float*, int) = nullptr;
  int (*dgemm)(void*, int, int, int, int, int, const double*, const double*, int, const double*, int,
               const double*, double*, int) = nullptr;
  std::string name;  // of the library; empty when there is none
};

// Looked for once.
const Cublas& cublas();

}  // namespace stochos::cuda
