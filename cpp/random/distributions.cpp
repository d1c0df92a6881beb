#include "random/distributions.hpp"

#include <algorithm>
#include <cmath>

namespace stochos::random {

// By Stirling's series above 16 (next term below 1e-16 there) and by products below.
double log_factorial(double k) {
  if (k < 16) {
    double product = 1;
    for (double i = 2; i <= k; ++i) product *= i;
    return log(product);
  }
  const double n = k + 1, r = 1 / (n * n);
  constexpr double kHalfLogTwoPi = 0.91893853320467274178;
  const double series =
      (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188))))) / n;
  return (n - 0.5) * log(n) - n + kHalfLogTwoPi + series;
}

namespace {

double poisson_inversion(Source& source, double mean) {
  const double start = std::exp(-mean);
  double u = source.uniform(), chance = start;
  for (double k = 0;; ++k) {
    // The tail beyond 200 has chance below 1e-180 for the means that come here.
    if (u <= chance || k > 200) return k;
    u -= chance;
    chance *= mean / (k + 1);
  }
}

double binomial_inversion(Source& source, double n, double p) {
  const double q = 1 - p, ratio = p / q;
  const double start = std::exp(n * std::log1p(-p));
  double u = source.uniform(), chance = start;
  for (double k = 0;; ++k) {
    if (u <= chance || k >= n) return k;
    u -= chance;
    chance *= ratio * (n - k) / (k + 1);
    if (chance < 1e-300) return k;
  }
}

double binomial_rejection(Source& source, double n, double p) {
  const double deviation = std::sqrt(n * p * (1 - p));
  const double b = 1.15 + 2.53 * deviation, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double centre = n * p + 0.5, alpha = (2.83 + 5.1 / b) * deviation, vr = 0.92 - 4.2 / b;
  const double mode = std::floor((n + 1) * p);
  const double at_mode = log_factorial(mode) + log_factorial(n - mode), odds = log(p / (1 - p));
  for (;;) {
    const double u = source.uniform() - 0.5;
    double v = source.uniform();
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + centre);
    if (k < 0 || k > n) continue;
    if (us >= 0.07 && v <= vr) return k;
    v = log(v * alpha / (a / (us * us) + b));
    if (v <= at_mode - log_factorial(k) - log_factorial(n - k) + (k - mode) * odds) return k;
  }
}

}  // namespace

double normal(Source& source) {
  for (;;) {
    const double x = 2 * source.uniform() - 1, y = 2 * source.uniform() - 1, s = x * x + y * y;
    if (s < 1 && s > 0) return x * std::sqrt(-2 * log(s) / s);
  }
}

double gamma(Source& source, double shape) {
  if (shape < 1) {
    const double u = source.uniform();
    return gamma(source, shape + 1) * std::pow(u, 1 / shape);
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(source), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root, u = source.uniform();
    if (log(u) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
  }
}

double poisson(Source& source, double mean) {
  if (!(mean > 0)) return 0;
  if (mean < 10) return poisson_inversion(source, mean);
  const double b = 0.931 + 2.53 * std::sqrt(mean), a = -0.059 + 0.02483 * b;
  const double alpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2), log_mean = log(mean);
  for (;;) {
    const double u = source.uniform() - 0.5, v = source.uniform(), us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (log(v * alpha / (a / (us * us) + b)) <= k * log_mean - mean - log_factorial(k)) return k;
  }
}

double binomial(Source& source, double n, double p) {
  if (!(n > 0) || !(p > 0)) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(source, n, 1 - p);
  return n * p < 10 ? binomial_inversion(source, n, p) : binomial_rejection(source, n, p);
}

}  // namespace stochos::random
