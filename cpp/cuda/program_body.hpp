// The body of an expression's program on the device, and of its reference on the processor. Sums, products,
// quotients, comparisons and square roots have the bits of expr::Program::run; exp, log, pow and the like
// come from the device's own library, whose last bits may differ.
#pragma once
#include <cmath>
#include <cstdint>

#include "cuda/qualifiers.hpp"
#include "expr/ops.hpp"

namespace stochos::cuda {

// Registers that a program may use: they stand in a thread's own memory.
inline constexpr std::uint32_t kMostRegisters = 32;

// expr::Operand's bits: the place in the lowest two, the index above them.
struct Step {
  expr::Op op;
  std::uint32_t to, a, b, c;
};

struct Code {
  std::uint32_t begin = 0, end = 0;  // of its steps
  std::uint32_t result = 0;
};

STOCHOS_DEVICE inline double power(double x, double y) {
  if (y == 2.0) return x * x;
  if (y == 1.0) return x;
  if (y == 3.0) return x * x * x;
  if (y == 4.0) return (x * x) * (x * x);
  return pow(x, y);
}

STOCHOS_DEVICE inline double run_step(expr::Op op, double a, double b, double c) {
  using expr::Op;
  switch (op) {
    case Op::neg:
      return -a;
    case Op::not_:
      return a != 0.0 ? 0.0 : 1.0;
    case Op::add:
      return a + b;
    case Op::sub:
      return a - b;
    case Op::mul:
      return a * b;
    case Op::div:
      return a / b;
    case Op::pow:
      return power(a, b);
    case Op::lt:
      return a < b ? 1.0 : 0.0;
    case Op::le:
      return a <= b ? 1.0 : 0.0;
    case Op::gt:
      return a > b ? 1.0 : 0.0;
    case Op::ge:
      return a >= b ? 1.0 : 0.0;
    case Op::eq:
      return a == b ? 1.0 : 0.0;
    case Op::ne:
      return a != b ? 1.0 : 0.0;
    case Op::and_:
      return a != 0.0 && b != 0.0 ? 1.0 : 0.0;
    case Op::or_:
      return a != 0.0 || b != 0.0 ? 1.0 : 0.0;
    case Op::min:
      return a != a ? a : (b < a || b != b) ? b : a;
    case Op::max:
      return a != a ? a : (b > a || b != b) ? b : a;
    case Op::abs:
      return fabs(a);
    case Op::exp:
      return exp(a);
    case Op::log:
      return log(a);
    case Op::log10:
      return log10(a);
    case Op::log2:
      return log2(a);
    case Op::sqrt:
      return sqrt(a);
    case Op::sin:
      return sin(a);
    case Op::cos:
      return cos(a);
    case Op::tan:
      return tan(a);
    case Op::asin:
      return asin(a);
    case Op::acos:
      return acos(a);
    case Op::atan:
      return atan(a);
    case Op::atan2:
      return atan2(a, b);
    case Op::sinh:
      return sinh(a);
    case Op::cosh:
      return cosh(a);
    case Op::tanh:
      return tanh(a);
    case Op::asinh:
      return asinh(a);
    case Op::acosh:
      return acosh(a);
    case Op::atanh:
      return atanh(a);
    case Op::floor:
      return floor(a);
    case Op::ceil:
      return ceil(a);
    case Op::round:
      return nearbyint(a);
    case Op::sign:
      return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a;
    case Op::heaviside:
      return a >= 0.0 ? 1.0 : a < 0.0 ? 0.0 : a;
    case Op::select:
      return a != 0.0 ? b : c;
    default:
      return 0.0;  // Programs::add lets no other in
  }
}

// slot(k) is the value of slot k.
template <class Slot>
STOCHOS_DEVICE inline double run_code(const Code& code, const Step* steps, const double* constants,
                                      const Slot& slot, double* registers) {
  const auto at = [&](std::uint32_t bits) {
    const std::uint32_t index = bits >> 2;
    return (bits & 3U) == 0 ? slot(index) : (bits & 3U) == 1 ? registers[index] : constants[index];
  };
  for (std::uint32_t i = code.begin; i < code.end; ++i) {
    const Step& step = steps[i];
    registers[step.to] = run_step(step.op, at(step.a), at(step.b), at(step.c));
  }
  return at(code.result);
}

}  // namespace stochos::cuda
