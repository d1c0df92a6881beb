// Elementwise functions of the kernels against the C library's long double, at the level in force: samples
// over the whole range of floats and of exponents of doubles, and the special values.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "check.hpp"
#include "kernels/table.hpp"

namespace {

using namespace stochos::kernels;
using Real = long double;

std::uint64_t next_bits(std::uint64_t& state) {  // splitmix64 (S. Vigna, public domain)
  std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}
template <class To, class From>
To bits_as(From bits) {
  To value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Error in units of the last place of the true value; 0 where both are the same special value.
template <class T>
double error_of(T got, Real truth) {
  const T rounded = static_cast<T>(truth);
  if (std::isnan(rounded) || std::isnan(got)) return std::isnan(rounded) == std::isnan(got) ? 0 : 1e9;
  if (std::isinf(rounded) || std::isinf(got)) {
    if (got == rounded) return 0;
    const T largest =
        std::numeric_limits<T>::max();  // next to the end of the range an infinity is one step away
    return std::fabs(got) == largest || std::fabs(rounded) == largest ? 1 : 1e9;
  }
  if (rounded == 0 && got == 0) return std::signbit(rounded) == std::signbit(got) ? 0 : 1e9;
  int exponent = 0;
  std::frexp(static_cast<T>(std::fabs(rounded)), &exponent);
  const int least = std::numeric_limits<T>::min_exponent;
  const Real unit =
      std::ldexp(Real{1}, (exponent < least ? least : exponent) - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(static_cast<Real>(got) - truth) / unit);
}

template <class T>
std::vector<T> samples() {
  std::vector<T> x;
  const T inf = std::numeric_limits<T>::infinity();
  for (const T v : {T(0),
                    T(1),
                    T(2),
                    T(0.5),
                    T(3),
                    T(10),
                    T(100),
                    T(1000),
                    std::numeric_limits<T>::min(),
                    std::numeric_limits<T>::denorm_min(),
                    std::numeric_limits<T>::max(),
                    inf,
                    T(88.7228394),
                    T(709.782712893384),
                    T(745.133219101941),
                    T(103.972),
                    T(0.34657359),
                    T(0.41421356),
                    T(0.29289322),
                    T(0.921875),
                    T(3.14159265358979324),
                    T(355),
                    T(1e5),
                    T(1e22),
                    T(0.70710678),
                    T(5.9),
                    T(16777216.5)}) {
    for (const T w : {v, std::nextafter(v, T(0)), std::nextafter(v, inf)}) {
      x.push_back(w);
      x.push_back(-w);
    }
  }
  x.push_back(std::numeric_limits<T>::quiet_NaN());
  std::uint64_t state = 1;
  if constexpr (sizeof(T) == 4) {
    const char* dense = std::getenv("STOCHOS_TEST_STRIDE");  // of the bit patterns of floats
    const std::uint64_t stride = dense == nullptr ? 16411 : std::strtoull(dense, nullptr, 10);
    for (std::uint64_t bits = 0; bits < 0x100000000ULL; bits += stride)
      x.push_back(bits_as<T>(static_cast<std::uint32_t>(bits)));
  } else {
    for (int i = 0; i < 100000; ++i) x.push_back(bits_as<T>(next_bits(state)));
  }
  for (const double range : {1.0, 4.0, 20.0, 100.0, 750.0}) {
    for (int i = 0; i < 30000; ++i) {
      x.push_back(static_cast<T>((static_cast<double>(next_bits(state) >> 11) * 0x1p-53 * 2 - 1) * range));
    }
  }
  return x;
}

struct Function {
  const char* name;
  unary::Code code;
  Real (*truth)(Real);
  double bound;
};
// gelu and silu below zero are products whose factors all have their errors; gelu_tanh has a test of its own.
const Function kFunctions[] = {
    {"exp", unary::exp, [](Real x) { return std::exp(x); }, 1.5},
    {"expm1", unary::expm1, [](Real x) { return std::expm1(x); }, 2},
    {"log", unary::log, [](Real x) { return std::log(x); }, 1.5},
    {"log1p", unary::log1p, [](Real x) { return std::log1p(x); }, 1.5},
    {"sqrt", unary::sqrt, [](Real x) { return std::sqrt(x); }, 0.51},
    {"rsqrt", unary::rsqrt, [](Real x) { return 1 / std::sqrt(x); }, 1.5},
    {"tanh", unary::tanh, [](Real x) { return std::tanh(x); }, 2},
    {"sigmoid", unary::sigmoid, [](Real x) { return 1 / (1 + std::exp(-x)); }, 2},
    {"softplus", unary::softplus,
     [](Real x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }, 2},
    {"erf", unary::erf, [](Real x) { return std::erf(x); }, 2},
    {"sin", unary::sin, [](Real x) { return std::sin(x); }, 2},
    {"cos", unary::cos, [](Real x) { return std::cos(x); }, 2},
    {"silu", unary::silu,
     [](Real x) { return std::isinf(x) && x < 0 ? Real{-0.0L} : x / (1 + std::exp(-x)); }, 3},
    {"gelu", unary::gelu,
     [](Real x) { return std::isinf(x) && x < 0 ? Real{-0.0L} : x * std::erfc(-x / std::sqrt(Real{2})) / 2; },
     6},
    {"floor", unary::floor, [](Real x) { return std::floor(x); }, 0},
    {"ceil", unary::ceil, [](Real x) { return std::ceil(x); }, 0},
    {"round", unary::round, [](Real x) { return std::rint(x); }, 0},
};

template <class T>
void check_functions(const UnaryKernel<T>* kernels) {
  const std::vector<T> x = samples<T>();
  std::vector<T> y(x.size());
  for (const Function& f : kFunctions) {
    kernels[f.code](x.data(), y.data(), x.size());
    double worst = 0;
    T at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = error_of(y[i], f.truth(x[i]));
      if (!(error <= worst)) worst = error, at = x[i];
    }
    if (std::getenv("STOCHOS_TEST_STRIDE") != nullptr || worst > f.bound) {
      std::fprintf(stderr, "%s, %zu bytes: %.3f ulp at %.17g\n", f.name, sizeof(T), worst,
                   static_cast<double>(at));
    }
    CHECK(worst <= f.bound);
  }
}

// The exponent of gelu's second form is rounded, which its tail feels in proportion to the exponent.
template <class T>
void check_gelu_tanh(UnaryKernel<T> kernel) {
  const std::vector<T> x = samples<T>();
  std::vector<T> y(x.size());
  kernel(x.data(), y.data(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Real v = x[i], inner = 1.5957691216057307L * (v + 0.044715L * v * v * v);
    const Real truth = std::isinf(v) && v < 0 ? Real{-0.0L} : v / (1 + std::exp(-inner));
    const double bound = 4 + 3 * std::fmin(std::fabs(static_cast<double>(inner)), 1000.0);
    if (!(error_of(y[i], truth) <= bound)) {
      std::fprintf(stderr, "gelu_tanh at %.17g\n", static_cast<double>(x[i]));
      CHECK(false);
      return;
    }
  }
}

// Slopes go through 0, so their errors are counted in units of 1. The truth is the textbook's formula in a
// wider type, where it cancels nothing that matters at this scale.
template <class T>
void check_gelu_slopes(const UnaryKernel<T>* kernels) {
  const std::vector<T> x = samples<T>();
  std::vector<T> exact(x.size()), by_tanh(x.size());
  kernels[unary::gelu_slope](x.data(), exact.data(), x.size());
  kernels[unary::gelu_tanh_slope](x.data(), by_tanh.data(), x.size());
  const Real unit = std::numeric_limits<T>::epsilon() / 2;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Real v = x[i];
    if (std::isnan(v)) {
      CHECK(std::isnan(exact[i]) && std::isnan(by_tanh[i]));
      continue;
    }
    const Real w = std::fmax(Real{-60}, std::fmin(Real{60}, v));
    const Real first =
        std::erfc(-w / std::sqrt(Real{2})) / 2 + w * std::exp(-w * w / 2) * 0.39894228040143267794L;
    const Real inner = 1.5957691216057307L * (w + 0.044715L * w * w * w), s = 1 / (1 + std::exp(-inner));
    const Real second =
        s + w * s * (1 / (1 + std::exp(inner))) * 1.5957691216057307L * (1 + 3 * 0.044715L * w * w);
    const bool fine = std::fabs(exact[i] - first) <= 4 * unit && std::fabs(by_tanh[i] - second) <= 8 * unit;
    if (!fine) {
      std::fprintf(stderr, "slopes of gelu at %.17g: %.3Lf, %.3Lf units\n", static_cast<double>(x[i]),
                   std::fabs(exact[i] - first) / unit, std::fabs(by_tanh[i] - second) / unit);
      CHECK(false);
      return;
    }
  }
}

template <class T>
void check_power(BinaryKernel<T> kernel) {
  std::vector<T> a, b;
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const T special[] = {0,
                       -T(0),
                       1,
                       -1,
                       2,
                       -2,
                       3,
                       -3,
                       T(0.5),
                       T(-0.5),
                       inf,
                       -inf,
                       nan,
                       T(1e30),
                       T(-1e30),
                       T(1e-38),
                       T(-1e-40),
                       T(4194305),
                       T(8388607),
                       T(16777217),
                       T(0.1),
                       T(1.0000001),
                       T(0.9999999),
                       T(150),
                       T(-151)};
  for (const T u : special) {
    for (const T v : special) a.push_back(u), b.push_back(v);
  }
  std::uint64_t state = 7;
  const auto uniform = [&] { return static_cast<double>(next_bits(state) >> 11) * 0x1p-53; };
  const double top = sizeof(T) == 4 ? 88 : 709;
  for (int i = 0; i < 60000; ++i) {
    const double log_x = (uniform() * 2 - 1) * (i % 3 == 0 ? top : i % 3 == 1 ? 1.0 : 0.001);
    a.push_back(static_cast<T>(std::exp(log_x)));
    b.push_back(static_cast<T>((uniform() * 2 - 1) * 1.05 * top / std::fabs(log_x)));
    a.push_back(static_cast<T>((uniform() * 2 - 1) * 10));
    b.push_back(static_cast<T>(std::floor(uniform() * 20) - 10));
  }
  std::vector<T> y(a.size());
  kernel(a.data(), b.data(), y.data(), a.size(), kVectors);
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double error = error_of(y[i], std::pow(static_cast<Real>(a[i]), static_cast<Real>(b[i])));
    if (!(error <= worst)) worst = error, at = i;
  }
  if (std::getenv("STOCHOS_TEST_STRIDE") != nullptr || worst > 2) {
    std::fprintf(stderr, "pow, %zu bytes: %.3f ulp at %.17g ^ %.17g\n", sizeof(T), worst,
                 static_cast<double>(a[at]), static_cast<double>(b[at]));
  }
  CHECK(worst <= 2);
  for (const T power : {T(2), T(3), T(1), T(-1), T(0.5)}) {  // one exponent for all
    kernel(a.data(), &power, y.data(), a.size(), kScalarB);
    double least = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double error = error_of(y[i], std::pow(static_cast<Real>(a[i]), static_cast<Real>(power)));
      least = error <= least ? least : error;
    }
    CHECK(least <= 2);
  }
}

}  // namespace

TEST(float_functions_are_within_their_bounds) {
  check_functions<float>(table().unary_f32);
}
TEST(double_functions_are_within_their_bounds) {
  check_functions<double>(table().unary_f64);
}
TEST(gelu_by_tanh_is_within_its_bound) {
  check_gelu_tanh<float>(table().unary_f32[unary::gelu_tanh]);
  check_gelu_tanh<double>(table().unary_f64[unary::gelu_tanh]);
}
TEST(slopes_of_gelu_are_within_their_bounds) {
  check_gelu_slopes<float>(table().unary_f32);
  check_gelu_slopes<double>(table().unary_f64);
}
TEST(powers_are_within_two_units) {
  check_power<float>(table().binary_f32[binary::pow]);
  check_power<double>(table().binary_f64[binary::pow]);
}
