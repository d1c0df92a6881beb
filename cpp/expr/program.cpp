#include "expr/program.hpp"

#include <algorithm>

namespace stochos::expr {
// All forms of one operation; one switch over all of them is one jump an instruction.
#define STOCHOS_FORM(op, form, value) \
  case quick_code(op, Form::form):    \
    last = value;                     \
    break;
#define STOCHOS_FORMS(op, sign)                                                   \
  STOCHOS_FORM(op, any, at(i.a) sign at(i.b))                                     \
  STOCHOS_FORM(op, last_slot, last sign slots[i.b.index()])                       \
  STOCHOS_FORM(op, last_constant, last sign constants[i.b.index()])               \
  STOCHOS_FORM(op, last_reg, last sign registers[i.b.index()])                    \
  STOCHOS_FORM(op, slot_last, slots[i.a.index()] sign last)                       \
  STOCHOS_FORM(op, constant_last, constants[i.a.index()] sign last)               \
  STOCHOS_FORM(op, reg_last, registers[i.a.index()] sign last)                    \
  STOCHOS_FORM(op, slot_slot, slots[i.a.index()] sign slots[i.b.index()])         \
  STOCHOS_FORM(op, slot_constant, slots[i.a.index()] sign constants[i.b.index()]) \
  STOCHOS_FORM(op, constant_slot, constants[i.a.index()] sign slots[i.b.index()]) \
  STOCHOS_FORM(op, last_last, last sign last)

double Program::run(const double* slots, double* registers) const noexcept {
  const double* const constants = constants_.data();
  const double* const places[4] = {slots, registers, constants, nullptr};
  const auto at = [&](Operand o) -> const double& { return places[o.bits & 3U][o.bits >> 2]; };
  double last = 0.0;  // the result of the instruction before
  for (const Instruction& i : instructions_) {
    switch (i.quick) {
      STOCHOS_FORMS(Op::add, +)
      STOCHOS_FORMS(Op::sub, -)
      STOCHOS_FORMS(Op::mul, *)
      STOCHOS_FORMS(Op::div, /)
      case 0:
        with_function(i.op, [&](auto f) { last = f(at(i.a), at(i.b), at(i.c)); });
        break;
      default:
        __builtin_unreachable();
    }
    registers[i.to] = last;
  }
  return at(result_);
}

// Numbers of a register that are worked on together: few enough that the registers stay in a cache.
std::size_t Program::block() const noexcept {
  return registers_ < 4096 ? 256 : 8;
}

std::size_t Program::batch_scratch() const noexcept {
  return (registers_ + std::size_t{3}) * block();
}

void Program::run_batch(std::span<const Column> columns, std::size_t begin, std::size_t end, double* out,
                        double* scratch) const {
  const std::size_t width = block();
  double* const spread =
      scratch + registers_ * width;  // what is one number, as an array, for three arguments
  for (std::size_t start = begin; start < end; start += width) {
    const std::size_t n = std::min(width, end - start);
    const auto at = [&](Operand o, std::size_t argument) -> const double* {
      if (o.place() == Operand::reg) return scratch + o.index() * width;
      const bool steady = o.place() == Operand::constant || columns[o.index()].step == 0;
      if (!steady) return columns[o.index()].data + start;
      const double value = o.place() == Operand::constant ? constants_[o.index()] : *columns[o.index()].data;
      return std::fill_n(spread + argument * width, n, value) - n;
    };
    for (const Instruction& i : instructions_) {
      const double* a = at(i.a, 0);
      const double* b = i.b == i.a ? a : at(i.b, 1);
      const double* c = i.c == i.a ? a : at(i.c, 2);
      double* to = scratch + i.to * width;
      with_function(i.op, [&](auto f) {
        for (std::size_t k = 0; k < n; ++k) to[k] = f(a[k], b[k], c[k]);
      });
    }
    std::copy_n(at(result_, 0), n, out + start);
  }
}

namespace {
typedef double Eight __attribute__((vector_size(64)));
// Not at the boundary of a vector: scratch may begin anywhere.
template <class F>
void eights(const double* a, const double* b, double* to, std::size_t lanes, F f) {
  Eight x, y;
  std::size_t k = 0;
  for (; k + 8 <= lanes; k += 8) {
    __builtin_memcpy(&x, a + k, sizeof x);
    __builtin_memcpy(&y, b + k, sizeof y);
    f(x, y);
    __builtin_memcpy(to + k, &x, sizeof x);
  }
  if (k == lanes) return;
  const std::size_t rest = (lanes - k) * sizeof(double);
  x = y = Eight{};
  __builtin_memcpy(&x, a + k, rest);
  __builtin_memcpy(&y, b + k, rest);
  f(x, y);
  __builtin_memcpy(to + k, &x, rest);
}
}  // namespace

void Program::run_lanes(const double* slots, std::size_t lanes, double* out, double* scratch) const {
  double* const spread = scratch + registers_ * lanes;
  const auto at = [&](Operand o, std::size_t argument) -> const double* {
    if (o.place() == Operand::reg) return scratch + o.index() * lanes;
    if (o.place() == Operand::slot) return slots + o.index() * lanes;
    return std::fill_n(spread + argument * lanes, lanes, constants_[o.index()]) - lanes;
  };
  for (const Instruction& i : instructions_) {
    const double* a = at(i.a, 0);
    const double* b = i.b == i.a ? a : at(i.b, 1);
    double* to = scratch + i.to * lanes;
    switch (i.op) {
      case Op::add:
        eights(a, b, to, lanes, [](Eight& x, const Eight& y) { x += y; });
        break;
      case Op::sub:
        eights(a, b, to, lanes, [](Eight& x, const Eight& y) { x -= y; });
        break;
      case Op::mul:
        eights(a, b, to, lanes, [](Eight& x, const Eight& y) { x *= y; });
        break;
      case Op::div:
        eights(a, b, to, lanes, [](Eight& x, const Eight& y) { x /= y; });
        break;
      default: {
        const double* c = i.c == i.a ? a : at(i.c, 2);
        with_function(i.op, [&](auto f) {
          for (std::size_t k = 0; k < lanes; ++k) to[k] = f(a[k], b[k], c[k]);
        });
      }
    }
  }
  std::copy_n(at(result_, 0), lanes, out);
}

}  // namespace stochos::expr
