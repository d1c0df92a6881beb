// Binding.
#include "bind/support.hpp"

namespace stochos::bind {

void bind_expr(py::module_& m) {
  (void)m;
}

}  // namespace stochos::bind
