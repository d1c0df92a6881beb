// Laws by name, as the expression language and SBML write them: a draw, and a draw given that it lies between
// two bounds.
#pragma once
#include <cstdint>
#include <span>

#include "random/distributions.hpp"

namespace stochos::random {

enum class Law : std::uint8_t {
  uniform,      // a, b: from a to b
  normal,       // mean, standard deviation
  exponential,  // rate
  gamma,        // shape, scale
  poisson,      // mean
  binomial,     // n, p
  bernoulli,    // p
  cauchy,       // location, scale
  chisquare,    // degrees of freedom
  laplace,      // location, scale
  lognormal,    // mean and standard deviation of the logarithm
  rayleigh,     // scale
  weibull,      // shape, scale
  beta,         // a, b
  count
};

struct LawForm {
  std::uint32_t parameters;
  bool bounded;  // takes a lower and an upper bound as well
  bool centred;  // without its location, which is 0 then
};
LawForm form_of(Law law) noexcept;

// Not a number where a parameter is out of its range. `a` has as many numbers as the law has parameters.
double draw_law(Source& source, Law law, std::span<const double> a);
// Given lower <= value <= upper, by inversion or by rejection with an acceptance that has a bound; bounds may
// be infinite. Not a number where nothing can lie between them.
double draw_law_between(Source& source, Law law, std::span<const double> a, double lower, double upper);

}  // namespace stochos::random
