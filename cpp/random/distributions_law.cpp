#include "random/distributions_law.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace stochos::random {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kMostWhole = 9007199254740992.0;  // 2^53

// Whether the law exists with these parameters.
bool holds(Law law, std::span<const double> a) {
  for (const double number : a)
    if (!std::isfinite(number)) return false;
  switch (law) {
    case Law::uniform:
      return a[0] <= a[1];
    case Law::normal:
    case Law::lognormal:
      return a[1] >= 0;
    case Law::cauchy:
    case Law::laplace:
      return a[1] > 0;
    case Law::exponential:
    case Law::chisquare:
    case Law::rayleigh:
      return a[0] > 0;
    case Law::gamma:
    case Law::weibull:
    case Law::beta:
      return a[0] > 0 && a[1] > 0;
    case Law::poisson:
      return a[0] >= 0 && a[0] <= kMostWhole;
    case Law::binomial:
      return a[0] >= 0 && a[0] <= kMostWhole && a[0] == std::floor(a[0]) && a[1] >= 0 && a[1] <= 1;
    case Law::bernoulli:
      return a[0] >= 0 && a[0] <= 1;
    case Law::count:
      break;
  }
  return false;
}

double beta(Source& source, double a, double b) {
  const double x = gamma(source, a), y = gamma(source, b);
  // Both underflow for the least parameters, where all of the mass lies at the ends.
  if (!(x + y > 0)) return source.uniform() * (a + b) < a ? 1 : 0;
  return x / (x + y);
}

// Of the standard exponential law between 0 <= lower < upper.
double exponential_between(Source& source, double lower, double upper) {
  return lower - std::log1p(source.uniform() * std::expm1(lower - upper));
}

// C. P. Robert, "Simulation of truncated normal variables", Statistics and Computing 5 (1995), with plainer
// bounds: each branch accepts more than one proposal in six.
double normal_between(Source& source, double lower, double upper) {
  if (lower < 0 && upper <= 0) return -normal_between(source, -upper, -lower);
  const double nearest = lower > 0 ? lower : upper < 0 ? upper : 0;
  if (lower > 0.7) {
    for (;;) {
      const double x = lower + exponential_between(source, 0, lower * (upper - lower)) / lower;
      const double over = x - lower;
      if (log(source.uniform()) <= -0.5 * over * over) return x;
    }
  }
  if (upper - lower < 2.5) {
    for (;;) {
      const double x = lower + (upper - lower) * source.uniform();
      if (log(source.uniform()) <= 0.5 * (nearest * nearest - x * x)) return x;
    }
  }
  for (;;) {
    const double x = normal(source);
    if (x >= lower && x <= upper) return x;
  }
}

double cauchy_between(Source& source, double lower, double upper) {
  if (upper <= -1) return -cauchy_between(source, -upper, -lower);
  const double u = source.uniform();
  if (lower >= 1) {  // by the angle from the other axis, which is exact far out
    const double from = std::atan(1 / upper), to = std::atan(1 / lower);
    return 1 / std::tan(from + (to - from) * u);
  }
  const double from = std::atan(lower), to = std::atan(upper);
  return std::tan(from + (to - from) * u);
}

double laplace_between(Source& source, double lower, double upper) {
  if (lower >= 0) return exponential_between(source, lower, upper);
  if (upper <= 0) return -exponential_between(source, -upper, -lower);
  const double below = -std::expm1(lower), above = -std::expm1(-upper);
  return source.uniform() * (below + above) < below ? -exponential_between(source, 0, -lower)
                                                    : exponential_between(source, 0, upper);
}

double log_gamma(double x) {
  double product = 1;
  for (; x < 16; ++x) product *= x;
  const double r = 1 / (x * x);
  constexpr double kHalfLogTwoPi = 0.91893853320467274178;
  const double series = (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r / 1188)))) / x;
  return (x - 0.5) * std::log(x) - x + kHalfLogTwoPi + series - std::log(product);
}

// Logarithms of the chances below and above x of a gamma law of scale 1: the series and the continued
// fraction of the incomplete gamma function (NIST Handbook 8.11.4, 8.9.2), each where it converges well.
struct Tails {
  double below, above;
};
Tails gamma_tails(double shape, double x) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity(), kError = 0x1p-54;
  constexpr int kMostTerms = 10'000'000;
  if (!(x > 0)) return {-kInfinity, 0};
  if (x == kInfinity) return {0, -kInfinity};
  const double front = shape * std::log(x) - x - log_gamma(shape);
  if (x < shape + 1) {
    double term = 1 / shape, sum = term;
    for (int i = 1; i < kMostTerms && term > sum * kError; ++i) sum += term *= x / (shape + i);
    const double below = std::min(0.0, front + std::log(sum));
    return {below, std::log(-std::expm1(below))};
  }
  double b = x + 1 - shape, c = 1e300, d = 1 / b, fraction = d;  // Lentz's method
  for (int i = 1; i < kMostTerms; ++i) {
    const double n = -i * (i - shape);
    b += 2;
    d = 1 / (n * d + b);
    c = b + n / c;
    fraction *= c * d;
    if (std::abs(c * d - 1) < kError * 2) break;
  }
  const double above = std::min(0.0, front + std::log(fraction));
  return {std::log(-std::expm1(above)), above};
}

// What lies between often is drawn and tested; what seldom does, is found by bisection of the chance, on the
// side where that is small and so has all its digits.
constexpr int kTries = 64;

double gamma_between(Source& source, double shape, double lower, double upper) {
  for (int i = 0; i < kTries; ++i) {
    const double x = gamma(source, shape);
    if (x >= lower && x <= upper) return x;
  }
  const double u = source.uniform();
  const Tails low = gamma_tails(shape, lower), high = gamma_tails(shape, upper);
  const bool far = lower >= shape;
  const double target = far ? low.above + std::log1p(u * std::expm1(high.above - low.above))
                            : high.below + std::log1p(u * std::expm1(low.below - high.below));
  const auto is_below = [&](double x) {
    const Tails at = gamma_tails(shape, x);
    return far ? at.above > target : at.below < target;
  };
  double left = lower, right = upper;
  if (right == std::numeric_limits<double>::infinity())
    for (right = std::max(2 * lower, 1.0); is_below(right);) right *= 2;
  for (;;) {
    const double middle = left + (right - left) / 2;
    if (!(middle > left && middle < right)) return middle;
    (is_below(middle) ? left : right) = middle;
  }
}

// Whole numbers low..high whose weights have the ratio step(k) = w(k + 1) / w(k), which falls with k.
template <class Draw, class Step>
double whole_between(Source& source, double mode, double low, double high, Draw&& draw_one, Step&& step) {
  for (int i = 0; i < kTries; ++i) {
    const double k = draw_one();
    if (k >= low && k <= high) return k;
  }
  constexpr double kLeast = 1e-20;
  const double middle = std::max(low, std::min(high, mode));
  double total = 0;
  const auto walk = [&](auto&& visit) {
    double weight = 1;
    for (double k = middle;; ++k) {
      if (visit(k, weight)) return k;
      if (k >= high || !(weight > kLeast)) break;
      weight *= step(k);
    }
    weight = 1;
    for (double k = middle; k > low && weight > kLeast;) {
      weight /= step(--k);
      if (visit(k, weight)) return k;
    }
    return middle;
  };
  walk([&](double, double weight) {
    total += weight;
    return false;
  });
  double left = source.uniform() * total;
  return walk([&](double, double weight) { return (left -= weight) <= 0; });
}

double in(double x, double lower, double upper) {
  return x < lower ? lower : x > upper ? upper : x;  // a rounding may have led out
}

}  // namespace

LawForm form_of(Law law) noexcept {
  switch (law) {
    case Law::uniform:
    case Law::beta:
      return {2, false, false};
    case Law::bernoulli:
      return {1, false, false};
    case Law::exponential:
    case Law::poisson:
    case Law::chisquare:
    case Law::rayleigh:
      return {1, true, false};
    case Law::cauchy:
    case Law::laplace:
      return {2, true, true};
    default:
      return {2, true, false};
  }
}

double draw_law(Source& source, Law law, std::span<const double> a) {
  if (!holds(law, a)) return kNone;
  switch (law) {
    case Law::uniform:
      return a[0] + (a[1] - a[0]) * source.uniform();
    case Law::normal:
      return a[0] + a[1] * normal(source);
    case Law::exponential:
      return source.exponential() / a[0];
    case Law::gamma:
      return a[1] * gamma(source, a[0]);
    case Law::poisson:
      return poisson(source, a[0]);
    case Law::binomial:
      return binomial(source, a[0], a[1]);
    case Law::bernoulli:
      return source.uniform() < a[0] ? 1 : 0;
    case Law::cauchy:
      return a[0] + a[1] * std::tan(std::numbers::pi * (source.uniform() - 0.5));
    case Law::chisquare:
      return 2 * gamma(source, a[0] / 2);
    case Law::laplace: {
      const double u = source.uniform();
      return u < 0.5 ? a[0] + a[1] * log(2 * u) : a[0] - a[1] * log(2 * (1 - u));
    }
    case Law::lognormal:
      return std::exp(a[0] + a[1] * normal(source));
    case Law::rayleigh:
      return a[0] * std::sqrt(2 * source.exponential());
    case Law::weibull:
      return a[1] * std::pow(source.exponential(), 1 / a[0]);
    case Law::beta:
      return beta(source, a[0], a[1]);
    case Law::count:
      break;
  }
  return kNone;
}

double draw_law_between(Source& source, Law law, std::span<const double> a, double lower, double upper) {
  if (!holds(law, a) || !(lower <= upper)) return kNone;
  const bool positive = law != Law::normal && law != Law::cauchy && law != Law::laplace;
  if (positive) lower = std::max(lower, 0.0);
  if (!(lower <= upper) || !(lower < std::numeric_limits<double>::infinity()) ||
      !(upper > -std::numeric_limits<double>::infinity()))
    return kNone;
  if (law == Law::poisson || law == Law::binomial) {
    const double low = std::ceil(lower),
                 high = std::floor(law == Law::binomial ? std::min(upper, a[0]) : upper);
    if (!(low <= high)) return kNone;
    if (law == Law::poisson && !(a[0] > 0)) return low == 0 ? 0 : kNone;
    if (law == Law::binomial && (a[1] == 0 || a[1] == 1)) {
      const double only = a[0] * a[1];
      return only >= low && only <= high ? only : kNone;
    }
    return law == Law::poisson
               ? whole_between(
                     source, std::floor(a[0]), low, high, [&] { return poisson(source, a[0]); },
                     [&](double k) { return a[0] / (k + 1); })
               : whole_between(
                     source, std::floor((a[0] + 1) * a[1]), low, high,
                     [&] { return binomial(source, a[0], a[1]); },
                     [&](double k) { return (a[0] - k) / (k + 1) * a[1] / (1 - a[1]); });
  }
  if (lower == upper) return lower;
  double x = kNone;
  switch (law) {
    case Law::normal:
      if (a[1] == 0) return a[0] >= lower && a[0] <= upper ? a[0] : kNone;
      x = a[0] + a[1] * normal_between(source, (lower - a[0]) / a[1], (upper - a[0]) / a[1]);
      break;
    case Law::lognormal: {
      const double center = std::exp(a[0]);
      if (a[1] == 0) return center >= lower && center <= upper ? center : kNone;
      x = std::exp(a[0] + a[1] * normal_between(source, (std::log(lower) - a[0]) / a[1],
                                                (std::log(upper) - a[0]) / a[1]));
      break;
    }
    case Law::exponential:
      x = exponential_between(source, lower * a[0], upper * a[0]) / a[0];
      break;
    case Law::gamma:
      x = a[1] * gamma_between(source, a[0], lower / a[1], upper / a[1]);
      break;
    case Law::chisquare:
      x = 2 * gamma_between(source, a[0] / 2, lower / 2, upper / 2);
      break;
    case Law::cauchy:
      x = a[0] + a[1] * cauchy_between(source, (lower - a[0]) / a[1], (upper - a[0]) / a[1]);
      break;
    case Law::laplace:
      x = a[0] + a[1] * laplace_between(source, (lower - a[0]) / a[1], (upper - a[0]) / a[1]);
      break;
    case Law::rayleigh: {
      const double low = lower / a[0], high = upper / a[0];
      x = a[0] * std::sqrt(2 * exponential_between(source, 0.5 * low * low, 0.5 * high * high));
      break;
    }
    case Law::weibull:
      x = a[1] *
          std::pow(exponential_between(source, std::pow(lower / a[1], a[0]), std::pow(upper / a[1], a[0])),
                   1 / a[0]);
      break;
    default:
      break;
  }
  return in(x, lower, upper);
}

}  // namespace stochos::random
