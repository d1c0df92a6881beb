#include "tensor/threads.hpp"

namespace stochos::tensor {

unsigned thread_count() {
  static const unsigned count = default_threads();
  return count;
}

}  // namespace stochos::tensor
