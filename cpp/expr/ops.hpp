// The operations of the rate language: their names, how many arguments they take, and their values in
// doubles. One definition of each value serves folding, single evaluation and batches, so all agree bit for
// bit.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace stochos::expr {

enum class Op : std::uint8_t {
  constant,
  name,
  neg,
  not_,
  add,
  sub,
  mul,
  div,
  pow,
  lt,
  le,
  gt,
  ge,
  eq,
  ne,
  and_,
  or_,
  piecewise,
  min,
  max,
  hill,  // these are lowered to others, and `select`, in programs
  abs,
  exp,
  log,
  log10,
  log2,
  sqrt,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  atan2,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  floor,
  ceil,
  round,
  sign,
  factorial,
  heaviside,
  select,  // programs alone: a != 0 ? b : c
  // Random numbers, in the order of random::Law; expr/draw.hpp.
  draw_uniform,
  draw_normal,
  draw_exponential,
  draw_gamma,
  draw_poisson,
  draw_binomial,
  draw_bernoulli,
  draw_cauchy,
  draw_chisquare,
  draw_laplace,
  draw_lognormal,
  draw_rayleigh,
  draw_weibull,
  draw_beta,
};

// Whether it is a random number: a value of its own at each place and each evaluation.
constexpr bool is_draw(Op op) noexcept {
  return op >= Op::draw_uniform;
}

struct Function {
  std::string_view name;
  Op op;
  std::uint32_t least, most;  // number of arguments
};

// By the name that stands before "(", nullptr for none.
const Function* find_function(std::string_view name) noexcept;
std::string_view function_name(Op op) noexcept;

// Gamma(x + 1); whole numbers up to 170 are right to the last bit or the one before.
double factorial(double x) noexcept;

// Whole exponents up to 4 are products, whether the exponent is written as a number or computed.
inline double power(double x, double y) noexcept {
  if (y == 2.0) return x * x;
  if (y == 1.0) return x;
  if (y == 3.0) return x * x * x;
  if (y == 4.0) return (x * x) * (x * x);
  return std::pow(x, y);
}

// Calls use(f) with the function f(a, b, c) of an operation with at most three arguments. References, so that
// an argument that is not used is not loaded.
template <class Use>
inline void with_function(Op op, Use&& use) {
  using D = const double&;
  switch (op) {
    case Op::neg:
      return use([](D a, D, D) { return -a; });
    case Op::not_:
      return use([](D a, D, D) { return a != 0.0 ? 0.0 : 1.0; });
    case Op::add:
      return use([](D a, D b, D) { return a + b; });
    case Op::sub:
      return use([](D a, D b, D) { return a - b; });
    case Op::mul:
      return use([](D a, D b, D) { return a * b; });
    case Op::div:
      return use([](D a, D b, D) { return a / b; });
    case Op::pow:
      return use([](D a, D b, D) { return power(a, b); });
    case Op::lt:
      return use([](D a, D b, D) { return a < b ? 1.0 : 0.0; });
    case Op::le:
      return use([](D a, D b, D) { return a <= b ? 1.0 : 0.0; });
    case Op::gt:
      return use([](D a, D b, D) { return a > b ? 1.0 : 0.0; });
    case Op::ge:
      return use([](D a, D b, D) { return a >= b ? 1.0 : 0.0; });
    case Op::eq:
      return use([](D a, D b, D) { return a == b ? 1.0 : 0.0; });
    case Op::ne:
      return use([](D a, D b, D) { return a != b ? 1.0 : 0.0; });
    case Op::and_:
      return use([](D a, D b, D) { return a != 0.0 && b != 0.0 ? 1.0 : 0.0; });
    case Op::or_:
      return use([](D a, D b, D) { return a != 0.0 || b != 0.0 ? 1.0 : 0.0; });
    // A value that is not a number stays visible.
    case Op::min:
      return use([](D a, D b, D) { return a != a ? a : (b < a || b != b) ? b : a; });
    case Op::max:
      return use([](D a, D b, D) { return a != a ? a : (b > a || b != b) ? b : a; });
    case Op::abs:
      return use([](D a, D, D) { return std::fabs(a); });
    case Op::exp:
      return use([](D a, D, D) { return std::exp(a); });
    case Op::log:
      return use([](D a, D, D) { return std::log(a); });
    case Op::log10:
      return use([](D a, D, D) { return std::log10(a); });
    case Op::log2:
      return use([](D a, D, D) { return std::log2(a); });
    case Op::sqrt:
      return use([](D a, D, D) { return std::sqrt(a); });
    case Op::sin:
      return use([](D a, D, D) { return std::sin(a); });
    case Op::cos:
      return use([](D a, D, D) { return std::cos(a); });
    case Op::tan:
      return use([](D a, D, D) { return std::tan(a); });
    case Op::asin:
      return use([](D a, D, D) { return std::asin(a); });
    case Op::acos:
      return use([](D a, D, D) { return std::acos(a); });
    case Op::atan:
      return use([](D a, D, D) { return std::atan(a); });
    case Op::atan2:
      return use([](D a, D b, D) { return std::atan2(a, b); });
    case Op::sinh:
      return use([](D a, D, D) { return std::sinh(a); });
    case Op::cosh:
      return use([](D a, D, D) { return std::cosh(a); });
    case Op::tanh:
      return use([](D a, D, D) { return std::tanh(a); });
    case Op::asinh:
      return use([](D a, D, D) { return std::asinh(a); });
    case Op::acosh:
      return use([](D a, D, D) { return std::acosh(a); });
    case Op::atanh:
      return use([](D a, D, D) { return std::atanh(a); });
    case Op::floor:
      return use([](D a, D, D) { return std::floor(a); });
    case Op::ceil:
      return use([](D a, D, D) { return std::ceil(a); });
    case Op::round:
      return use([](D a, D, D) { return std::nearbyint(a); });
    case Op::sign:
      return use([](D a, D, D) { return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a; });
    case Op::factorial:
      return use([](D a, D, D) { return factorial(a); });
    case Op::heaviside:
      return use([](D a, D, D) { return a >= 0.0 ? 1.0 : a < 0.0 ? 0.0 : a; });
    case Op::select:
      return use([](D a, D b, D c) { return a != 0.0 ? b : c; });
    default:
      return;  // never an instruction of one value
  }
}

inline double apply(Op op, double a, double b = 0.0, double c = 0.0) {
  double value = std::numeric_limits<double>::quiet_NaN();
  with_function(op, [&](auto f) { value = f(a, b, c); });
  return value;
}

// The same for an operation of the language on any number of arguments, as programs compute it.
double apply_all(Op op, std::span<const double> x);

}  // namespace stochos::expr
