// Queries over vectors, and the word2vec formats.
#include "bind/support.hpp"

namespace stochos::bind {

void bind_words_vectors(py::module_& m) { (void)m; }

}  // namespace stochos::bind
