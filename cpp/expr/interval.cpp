#include "expr/interval.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace stochos::expr {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSmallest = std::numeric_limits<double>::denorm_min();
constexpr double kArithmetic = 0x1p-50, kFunction = 0x1p-46;
constexpr double kPi = std::numbers::pi;
constexpr double kLeastFactorial = 0.88560319441088;  // Gamma(1.4616...), a little below it
constexpr double kWhereLeast = 0.46163214496836;      // and where it lies

Interval widened(double low, double high, double by) {
  if (low != low || high != high) return Interval::whole();
  return {low - (std::fabs(low) < kInfinity ? std::fabs(low) * by + kSmallest : 0.0),
          high + (std::fabs(high) < kInfinity ? std::fabs(high) * by + kSmallest : 0.0)};
}

// From the values at all corners of the arguments.
template <std::size_t N>
Interval corners(const double (&x)[N], double by) {
  double low = x[0], high = x[0];
  for (const double value : x) {
    if (value != value) return Interval::whole();
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return widened(low, high, by);
}

Interval truth(bool surely, bool never) {
  return surely ? Interval{1, 1} : never ? Interval{0, 0} : Interval{0, 1};
}

Interval hull(Interval a, Interval b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

Interval multiply(Interval a, Interval b) {
  const double x[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
  return corners(x, kArithmetic);
}

Interval divide(Interval a, Interval b) {
  if (b.low > 0 || b.high < 0) {
    const double x[] = {a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high};
    return corners(x, kArithmetic);
  }
  // A divisor that reaches zero from one side: the quotient keeps its sign, but where 0/0 may be meant. A
  // zero of either sign is taken for both.
  return Interval::whole();
}

// A function that grows with its argument, or falls throughout.
template <class F>
Interval monotone(Interval a, F f) {
  const double x[] = {f(a.low), f(a.high)};
  return corners(x, kFunction);
}

// Is there a whole n with a <= (n + phase) period <= b? Rather yes where rounding makes it doubtful.
bool meets(Interval a, double phase, double period) {
  const double first = a.low / period - phase, last = a.high / period - phase;
  const double doubt = 1e-15 * (2 + std::fabs(first) + std::fabs(last));
  return std::ceil(first - doubt) <= last + doubt;
}

// `top` is where the function is 1, in periods.
Interval wave(Interval a, double top, double (*f)(double)) {
  if (std::max(-a.low, a.high) == kInfinity) return Interval::whole();  // sin(infinity) is not a number
  if (std::max(-a.low, a.high) > 1e12 || a.high - a.low >= 2 * kPi) return {-1, 1};
  const Interval ends = monotone(a, f);
  const double low = meets(a, top + 0.5, 2 * kPi) ? -1 : std::max(ends.low, -1.0);
  const double high = meets(a, top, 2 * kPi) ? 1 : std::min(ends.high, 1.0);
  return {low, high};
}

Interval tangent(Interval a) {
  if (std::max(-a.low, a.high) > 1e12 || a.high - a.low >= kPi || meets(a, 0.5, kPi))
    return Interval::whole();
  return monotone(a, [](double x) { return std::tan(x); });
}

// For one exponent that is a whole number, negative bases too.
Interval whole_power(Interval a, double y) {
  const auto f = [y](double x) { return power(x, y); };
  if (y == 0) return {1, 1};
  const bool even = std::fmod(y, 2) == 0;
  if (a.low > 0 || a.high < 0) return monotone(a, f);
  if (y < 0) return even ? widened(std::min(f(a.low), f(a.high)), kInfinity, kFunction) : Interval::whole();
  if (!even) return monotone(a, f);
  return {0, monotone(a, f).high};
}

Interval raise(Interval a, Interval b) {
  if (b.low == b.high && b.low == std::floor(b.low) && std::fabs(b.low) < 0x1p53)
    return whole_power(a, b.low);
  if (a.low < 0 || std::max(-b.low, b.high) == kInfinity || a.high == kInfinity) return Interval::whole();
  // x^y goes one way in x at each y and one way in y at each x.
  const double x[] = {std::pow(a.low, b.low), std::pow(a.low, b.high), std::pow(a.high, b.low),
                      std::pow(a.high, b.high)};
  Interval found = corners(x, kFunction);
  if (a.low == 0 && b.holds(0)) found = hull(found, {1, 1});
  if (a.low <= 1 && a.high >= 1) found = hull(found, {1, 1});
  return found;
}

Interval angle(Interval y, Interval x) {
  if (x.low > 0 || y.low > 0 || y.high < 0) {
    const double all[] = {std::atan2(y.low, x.low), std::atan2(y.low, x.high), std::atan2(y.high, x.low),
                          std::atan2(y.high, x.high)};
    return corners(all, kFunction);
  }
  return widened(-kPi, kPi, kFunction);
}

Interval factorial_of(Interval a) {
  if (a.low < 0) return Interval::whole();
  const Interval ends = monotone(a, [](double x) { return factorial(x); });
  return a.low <= kWhereLeast && a.high >= kWhereLeast ? Interval{kLeastFactorial, ends.high} : ends;
}

// Inside [least, most] alone is the value a number.
template <class F>
Interval inside(Interval a, double least, double most, F f) {
  return a.low >= least && a.high <= most ? monotone(a, f) : Interval::whole();
}

// Functions that grow with their argument throughout.
Interval exact(Interval a, double (*f)(double)) {
  return {f(a.low), f(a.high)};
}

// Of arguments that are surely numbers.
Interval of_numbers(Op op, Interval a, Interval b) {
  switch (op) {
    case Op::neg:
      return {-a.high, -a.low};
    case Op::add:
      return widened(a.low + b.low, a.high + b.high, kArithmetic);
    case Op::sub:
      return widened(a.low - b.high, a.high - b.low, kArithmetic);
    case Op::mul:
      return multiply(a, b);
    case Op::div:
      return divide(a, b);
    case Op::pow:
      return raise(a, b);
    case Op::min:
      return {std::min(a.low, b.low), std::min(a.high, b.high)};
    case Op::max:
      return {std::max(a.low, b.low), std::max(a.high, b.high)};
    case Op::abs:
      if (a.low >= 0) return a;
      return {a.high <= 0 ? -a.high : 0.0, std::max(-a.low, a.high)};
    case Op::exp: {
      const Interval found = monotone(a, [](double x) { return std::exp(x); });
      return {std::max(found.low, 0.0), found.high};
    }
    case Op::log:
      return inside(a, 0, kInfinity, [](double x) { return std::log(x); });
    case Op::log10:
      return inside(a, 0, kInfinity, [](double x) { return std::log10(x); });
    case Op::log2:
      return inside(a, 0, kInfinity, [](double x) { return std::log2(x); });
    case Op::sqrt: {
      const Interval found = inside(a, 0, kInfinity, [](double x) { return std::sqrt(x); });
      return found.is_whole() ? found : Interval{std::max(found.low, 0.0), found.high};
    }
    case Op::sin:
      return wave(a, 0.25, [](double x) { return std::sin(x); });
    case Op::cos:
      return wave(a, 0, [](double x) { return std::cos(x); });
    case Op::tan:
      return tangent(a);
    case Op::asin:
      return inside(a, -1, 1, [](double x) { return std::asin(x); });
    case Op::acos:
      return inside(a, -1, 1, [](double x) { return std::acos(x); });
    case Op::atan:
      return monotone(a, [](double x) { return std::atan(x); });
    case Op::atan2:
      return angle(a, b);
    case Op::sinh:
      return monotone(a, [](double x) { return std::sinh(x); });
    case Op::cosh: {
      const Interval ends = monotone(a, [](double x) { return std::cosh(x); });
      return a.low <= 0 && a.high >= 0 ? Interval{1, ends.high} : ends;
    }
    case Op::tanh:
      return monotone(a, [](double x) { return std::tanh(x); });
    case Op::asinh:
      return monotone(a, [](double x) { return std::asinh(x); });
    case Op::acosh:
      return inside(a, 1, kInfinity, [](double x) { return std::acosh(x); });
    case Op::atanh:
      return inside(a, -1, 1, [](double x) { return std::atanh(x); });
    case Op::floor:
      return exact(a, [](double x) { return std::floor(x); });
    case Op::ceil:
      return exact(a, [](double x) { return std::ceil(x); });
    case Op::round:
      return exact(a, [](double x) { return std::nearbyint(x); });
    case Op::sign:
      return exact(a, [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; });
    case Op::heaviside:
      return exact(a, [](double x) { return x >= 0 ? 1.0 : 0.0; });
    case Op::factorial:
      return factorial_of(a);
    default:
      return Interval::whole();
  }
}

}  // namespace

Interval apply(Op op, Interval a, Interval b, Interval c) {
  switch (op) {
    case Op::not_:
      return truth(a.is_false(), a.is_true());
    case Op::and_:
      return truth(a.is_true() && b.is_true(), a.is_false() || b.is_false());
    case Op::or_:
      return truth(a.is_true() || b.is_true(), a.is_false() && b.is_false());
    // What is not a number stands in no relation.
    case Op::lt:
      return truth(a.high < b.low, a.low >= b.high);
    case Op::le:
      return truth(a.high <= b.low && !a.is_whole() && !b.is_whole(), a.low > b.high);
    case Op::gt:
      return truth(a.low > b.high, a.high <= b.low);
    case Op::ge:
      return truth(a.low >= b.high && !a.is_whole() && !b.is_whole(), a.high < b.low);
    case Op::eq:
      return truth(a.low == a.high && b.low == b.high && a.low == b.low, a.high < b.low || b.high < a.low);
    case Op::ne:
      return truth(a.high < b.low || b.high < a.low, a.low == a.high && b.low == b.high && a.low == b.low);
    case Op::select:
      return a.is_true() ? b : a.is_false() ? c : hull(b, c);
    default:
      break;
  }
  const bool two = op == Op::add || op == Op::sub || op == Op::mul || op == Op::div || op == Op::pow ||
                   op == Op::min || op == Op::max || op == Op::atan2;
  if (a.is_whole() || (two && b.is_whole())) return Interval::whole();
  return of_numbers(op, a, b);
}

Interval enclose(const Program& program, const Interval* slots, Interval* registers, bool* jumps) {
  const auto constants = program.constants();
  const auto at = [&](Operand o) {
    switch (o.place()) {
      case Operand::slot:
        return slots[o.index()];
      case Operand::reg:
        return registers[o.index()];
      default:
        return Interval::point(constants[o.index()]);
    }
  };
  for (const Instruction& i : program.instructions()) {
    Interval value = apply(i.op, at(i.a), at(i.b), at(i.c));
    // x x is a square.
    if (i.op == Op::mul && i.a == i.b && !value.is_whole()) value.low = std::max(value.low, 0.0);
    if (jumps != nullptr && value.low != value.high) {
      const bool steps = (i.op >= Op::lt && i.op <= Op::or_) || i.op == Op::not_ || i.op == Op::floor ||
                         i.op == Op::ceil || i.op == Op::round || i.op == Op::sign || i.op == Op::heaviside;
      *jumps = *jumps || steps;
    }
    registers[i.to] = value;
  }
  return at(program.result());
}

}  // namespace stochos::expr
