// Co-occurrence counts and PMI.
#include "bind/support.hpp"

namespace stochos::bind {

void bind_words_counts(py::module_& m) { (void)m; }

}  // namespace stochos::bind
