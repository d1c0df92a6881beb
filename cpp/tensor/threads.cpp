#include "tensor/threads.hpp"

#include <algorithm>

#include "base/os.hpp"

namespace stochos::tensor {

unsigned thread_count() {
  static const unsigned count = default_threads();
  return count;
}

unsigned processor_count() {
  static const unsigned count = std::min(os::configured_processors(), 64U);
  return count;
}

}  // namespace stochos::tensor
