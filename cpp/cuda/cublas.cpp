#include "cuda/cublas.hpp"

#include <dlfcn.h>

namespace stochos::cuda {
namespace {

template <class F>
bool find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

Cublas load() {
  for (const char* name : {"libcublas.so.13", "libcublas.so.12", "libcublas.so"}) {
    void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) continue;
    Cublas found;
    if (find(library, "cublasCreate_v2", found.create) && find(library, "cublasDestroy_v2", found.destroy) &&
        find(library, "cublasSgemm_v2", found.sgemm) && find(library, "cublasDgemm_v2", found.dgemm)) {
      found.name = name;
      return found;  // it stays loaded: contexts of the driver live in it
    }
    dlclose(library);
  }
  return {};
}

}  // namespace

const Cublas& cublas() {
  static const Cublas found = load();
  return found;
}

}  // namespace stochos::cuda
