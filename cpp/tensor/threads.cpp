#include "tensor/threads.hpp"

#include <unistd.h>

#include <algorithm>

namespace stochos::tensor {

unsigned thread_count() {
  static const unsigned count = default_threads();
  return count;
}

unsigned processor_count() {
  static const auto count = static_cast<unsigned>(std::clamp(sysconf(_SC_NPROCESSORS_CONF), 1L, 64L));
  return count;
}

}  // namespace stochos::tensor
