// Reading text: corpus, vocabulary.
#include "bind/support.hpp"

namespace stochos::bind {

void bind_words_corpus(py::module_& m) { (void)m; }

}  // namespace stochos::bind
