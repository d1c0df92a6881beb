#include "expr/draw.hpp"

#include <algorithm>
#include <array>

#include "expr/program.hpp"

namespace stochos::expr {

static_assert(static_cast<int>(Op::draw_beta) - static_cast<int>(Op::draw_uniform) + 1 ==
              static_cast<int>(random::Law::count));

bool takes_arguments(Op op, std::size_t count) noexcept {
  const random::LawForm form = random::form_of(law_of(op));
  return count == form.parameters || (form.bounded && count == form.parameters + 2) ||
         (form.centred && count + 1 == form.parameters);
}

double drawn(Op op, std::span<const double> arguments, random::Source& source) {
  const random::Law law = law_of(op);
  const std::size_t parameters = random::form_of(law).parameters;
  if (arguments.size() < parameters) {
    const std::array<double, 2> centred = {0.0, arguments[0]};
    return random::draw_law(source, law, centred);
  }
  if (arguments.size() == parameters) return random::draw_law(source, law, arguments);
  return random::draw_law_between(source, law, arguments.first(parameters), arguments[parameters],
                                  arguments[parameters + 1]);
}

bool draws(const Ast& ast) noexcept {
  return std::any_of(ast.nodes().begin(), ast.nodes().end(),
                     [](const Node& node) { return is_draw(node.op); });
}

double Program::run(const double* slots, double* registers, random::Source& source) const {
  if (draws_.empty()) return run(slots, registers);
  const double* const places[4] = {slots, registers, constants_.data(), nullptr};
  const auto at = [&](Operand o) -> const double& { return places[o.bits & 3U][o.bits >> 2]; };
  for (const Instruction& i : instructions_) {
    if (is_draw(i.op)) {
      const Draw& draw = draws_[i.a.bits];
      std::array<double, kMostDrawArguments> arguments{};
      for (std::size_t k = 0; k < draw.count; ++k) arguments[k] = at(draw.arguments[k]);
      registers[i.to] = drawn(i.op, std::span<const double>(arguments).first(draw.count), source);
    } else {
      with_function(i.op, [&](auto f) { registers[i.to] = f(at(i.a), at(i.b), at(i.c)); });
    }
  }
  return at(result_);
}

}  // namespace stochos::expr
