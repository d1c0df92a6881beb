#include "expr/ops.hpp"

#include <array>

namespace stochos::expr {
namespace {

constexpr std::uint32_t kMany = 0xFFFFFFFF;
// The first entry of an operation is the name under which it is written.
constexpr std::array kFunctions = {
    Function{"piecewise", Op::piecewise, 2, kMany},
    Function{"if", Op::piecewise, 3, 3},
    Function{"min", Op::min, 1, kMany},
    Function{"max", Op::max, 1, kMany},
    Function{"hill", Op::hill, 3, 3},
    Function{"pow", Op::pow, 2, 2},
    Function{"abs", Op::abs, 1, 1},
    Function{"exp", Op::exp, 1, 1},
    Function{"log", Op::log, 1, 1},
    Function{"ln", Op::log, 1, 1},
    Function{"log10", Op::log10, 1, 1},
    Function{"log2", Op::log2, 1, 1},
    Function{"sqrt", Op::sqrt, 1, 1},
    Function{"sin", Op::sin, 1, 1},
    Function{"cos", Op::cos, 1, 1},
    Function{"tan", Op::tan, 1, 1},
    Function{"asin", Op::asin, 1, 1},
    Function{"acos", Op::acos, 1, 1},
    Function{"atan", Op::atan, 1, 1},
    Function{"atan2", Op::atan2, 2, 2},
    Function{"sinh", Op::sinh, 1, 1},
    Function{"cosh", Op::cosh, 1, 1},
    Function{"tanh", Op::tanh, 1, 1},
    Function{"asinh", Op::asinh, 1, 1},
    Function{"acosh", Op::acosh, 1, 1},
    Function{"atanh", Op::atanh, 1, 1},
    Function{"floor", Op::floor, 1, 1},
    Function{"ceil", Op::ceil, 1, 1},
    Function{"round", Op::round, 1, 1},
    Function{"sign", Op::sign, 1, 1},
    Function{"factorial", Op::factorial, 1, 1},
    Function{"heaviside", Op::heaviside, 1, 1},
    // The numbers of arguments that each takes are those of takes_arguments().
    Function{"uniform", Op::draw_uniform, 2, 2},
    Function{"normal", Op::draw_normal, 2, 4},
    Function{"exponential", Op::draw_exponential, 1, 3},
    Function{"gamma", Op::draw_gamma, 2, 4},
    Function{"poisson", Op::draw_poisson, 1, 3},
    Function{"binomial", Op::draw_binomial, 2, 4},
    Function{"bernoulli", Op::draw_bernoulli, 1, 1},
    Function{"cauchy", Op::draw_cauchy, 1, 4},
    Function{"chisquare", Op::draw_chisquare, 1, 3},
    Function{"laplace", Op::draw_laplace, 1, 4},
    Function{"lognormal", Op::draw_lognormal, 2, 4},
    Function{"rayleigh", Op::draw_rayleigh, 1, 3},
    Function{"weibull", Op::draw_weibull, 2, 4},
    Function{"beta", Op::draw_beta, 2, 2},
};

}  // namespace

const Function* find_function(std::string_view name) noexcept {
  for (const Function& function : kFunctions)
    if (function.name == name) return &function;
  return nullptr;
}

std::string_view function_name(Op op) noexcept {
  for (const Function& function : kFunctions)
    if (function.op == op) return function.name;
  return {};
}

double apply_all(Op op, std::span<const double> x) {
  switch (op) {
    case Op::piecewise:
      for (std::size_t i = 0; i + 1 < x.size(); i += 2)
        if (x[i + 1] != 0.0) return x[i];
      return x.size() % 2 == 1 ? x.back() : std::numeric_limits<double>::quiet_NaN();
    case Op::min:
    case Op::max: {
      double best = x[0];
      for (const double other : x.subspan(1)) best = apply(op, best, other);
      return best;
    }
    case Op::hill: {
      const double above = power(x[0], x[2]);
      return above / (power(x[1], x[2]) + above);
    }
    default:
      return x.size() == 1 ? apply(op, x[0]) : apply(op, x[0], x[1]);
  }
}

double factorial(double x) noexcept {
  static const auto table = [] {
    std::array<double, 171> values{};
    long double product = 1.0L;
    for (int i = 0; i <= 170; ++i) {
      if (i > 0) product *= i;
      values[static_cast<std::size_t>(i)] = static_cast<double>(product);
    }
    return values;
  }();
  if (x != std::floor(x)) return std::tgamma(x + 1.0);  // also what is not a number
  if (x < 0.0) return std::numeric_limits<double>::quiet_NaN();
  return x <= 170.0 ? table[static_cast<std::size_t>(x)] : std::numeric_limits<double>::infinity();
}

}  // namespace stochos::expr
