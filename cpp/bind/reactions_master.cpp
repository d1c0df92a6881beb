// Binding.
#include "bind/support.hpp"

namespace stochos::bind {

void bind_reactions_master(py::module_& m) {
  (void)m;
}

}  // namespace stochos::bind
