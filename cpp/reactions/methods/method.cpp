#include "reactions/methods/method.hpp"

#include <string>

#include "base/error.hpp"

namespace stochos::reactions {

double no_reaction(double total, double now) {
  if (total == 0) return std::numeric_limits<double>::infinity();
  throw Error(ErrorKind::value, "reactions.simulate",
              "the sum of all propensities is " + std::to_string(total) + " at time " + std::to_string(now) +
                  "; lower the rates or the amounts");
}

}  // namespace stochos::reactions
