#include <algorithm>
#include <cmath>

#include "expr/simple.hpp"

namespace stochos::expr {
Id Simple::make(Op op, std::vector<Id> arguments) {
  if (op == Op::piecewise) return pieces(arguments);
  if (is_draw(op)) return builder.make(op, arguments);
  std::vector<double> values;
  for (const Id a : arguments)
    if (is_constant(a)) values.push_back(builder.node(a).value);
  if (values.size() == arguments.size()) {
    const double value = apply_all(op, values);
    if (std::isfinite(value)) return constant(value);  // others have no number to stand for them
  }
  const Id a = arguments[0];
  const Id b = arguments.back();
  switch (op) {
    case Op::add:
      return sum(a, b);
    case Op::sub:
      return difference(a, b);
    case Op::mul:
      return product(a, b);
    case Op::div:
      return quotient(a, b);
    case Op::neg:
      return negative(a);
    case Op::pow:
      if (is(b, 1.0)) return a;
      if (is(b, 0.0) || is(a, 1.0)) return constant(1.0);
      break;
    case Op::and_:
      if (is(a, 0.0) || is(b, 0.0)) return constant(0.0);
      break;
    case Op::or_:
      if ((is_constant(a) && !is(a, 0.0)) || (is_constant(b) && !is(b, 0.0))) return constant(1.0);
      break;
    case Op::min:
    case Op::max:
      if (std::all_of(arguments.begin(), arguments.end(), [&](Id x) { return x == a; })) return a;
      break;
    case Op::abs:
      if (is_negative(a)) return plain(Op::abs, {inside(a)});
      break;
    default:
      break;
  }
  return builder.make(op, arguments);
}

Id Simple::sum(Id a, Id b) {
  if (is(a, 0.0)) return b;
  if (is(b, 0.0)) return a;
  if (is_negative(b)) return difference(a, inside(b));
  return plain(Op::add, {a, b});
}

Id Simple::difference(Id a, Id b) {
  if (is(b, 0.0)) return a;
  if (is(a, 0.0)) return negative(b);
  if (a == b) return constant(0.0);
  if (is_negative(b)) return sum(a, inside(b));
  return plain(Op::sub, {a, b});
}

Id Simple::product(Id a, Id b) {
  if (is_constant(b)) std::swap(a, b);
  if (is(a, 0.0)) return constant(0.0);
  if (is(a, 1.0)) return b;
  if (is(a, -1.0)) return negative(b);
  if (is_negative(a) && is_negative(b)) return product(inside(a), inside(b));
  if (is_negative(a)) return negative(product(inside(a), b));
  if (is_negative(b)) return negative(product(a, inside(b)));
  return plain(Op::mul, {a, b});
}

Id Simple::quotient(Id a, Id b) {
  if (is(b, 1.0)) return a;
  if (is(a, 0.0) && !is(b, 0.0)) return constant(0.0);
  if (is_negative(a) && is_negative(b)) return quotient(inside(a), inside(b));
  if (is_negative(a)) return negative(quotient(inside(a), b));
  return plain(Op::div, {a, b});
}

Id Simple::negative(Id a) {
  if (is_negative(a)) return inside(a);
  if (is_constant(a)) return constant(-builder.node(a).value);
  return plain(Op::neg, {a});
}

Id Simple::pieces(const std::vector<Id>& arguments) {
  std::vector<Id> kept;
  bool decided = false;
  for (std::size_t i = 0; i + 1 < arguments.size() && !decided; i += 2) {
    const Id condition = arguments[i + 1];
    if (is(condition, 0.0)) continue;
    kept.push_back(arguments[i]);
    decided = is_constant(condition);  // the last piece then stands for all others
    if (!decided) kept.push_back(condition);
  }
  if (!decided && arguments.size() % 2 == 1) kept.push_back(arguments.back());
  // Without any piece left the value is no number, and only the pieces themselves say so.
  if (kept.empty()) return builder.make(Op::piecewise, std::span<const Id>(arguments).first(2));
  if (kept.size() % 2 == 1) {
    while (kept.size() > 1 && kept[kept.size() - 3] == kept.back())
      kept.erase(kept.end() - 3, kept.end() - 1);
    if (kept.size() == 1) return kept[0];
  }
  return builder.make(Op::piecewise, kept);
}

std::vector<Id> Simple::take(const Ast& ast) {
  std::vector<Id> ids(ast.nodes().size());
  std::vector<Id> arguments;
  for (Id id = 0; id <= ast.root(); ++id) {
    const Node& node = ast.node(id);
    arguments.clear();
    for (const Id a : ast.arguments(node)) arguments.push_back(ids[a]);
    ids[id] = node.op == Op::constant ? constant(node.value)
              : node.op == Op::name   ? builder.name(ast.names()[node.name])
                                      : make(node.op, arguments);
  }
  return ids;
}

Ast simplify(const Ast& ast) {
  Simple simple;
  const std::vector<Id> ids = simple.take(ast);
  return simple.builder.finish(ids[ast.root()]);
}

}  // namespace stochos::expr
