#include "reactions/formula.hpp"

#include "base/error.hpp"

namespace stochos::reactions {

Formula::Formula(const std::string& text, const SymbolTable&, const std::string& what) {
  throw Error(ErrorKind::value, "reactions.Network",
              what + " is '" + text + "'; this build takes mass action with a constant alone");
}

double Formula::run(const double*, double*) const {
  return 0;
}

}  // namespace stochos::reactions
