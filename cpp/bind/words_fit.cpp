// Fitting vectors to PMI.
#include "bind/support.hpp"

namespace stochos::bind {

void bind_words_fit(py::module_& m) { (void)m; }

}  // namespace stochos::bind
