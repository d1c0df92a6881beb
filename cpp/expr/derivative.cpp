// Derivatives in the same language: one rule per operation, over the nodes in their order.
#include <numbers>

#include "base/error.hpp"
#include "expr/draw.hpp"
#include "expr/simple.hpp"

namespace stochos::expr {
namespace {

class Differentiator {
 public:
  Differentiator(const std::string& name, const std::string& where) : name_(name), where_(where) {}

  Ast run(const Ast& ast) {
    const std::vector<Id> ids = s_.take(ast);
    std::vector<Id> slopes(ids.size());
    std::vector<Id> x, d;
    for (Id id = 0; id <= ast.root(); ++id) {
      const Node& node = ast.node(id);
      x.clear(), d.clear();
      for (const Id a : ast.arguments(node)) x.push_back(ids[a]), d.push_back(slopes[a]);
      slopes[id] = node.op == Op::name ? number(ast.names()[node.name] == name_ ? 1.0 : 0.0)
                                       : slope(node.op, ids[id], x, d);
    }
    return s_.builder.finish(slopes[ast.root()]);
  }

 private:
  Id number(double v) { return s_.constant(v); }
  Id add(Id a, Id b) { return s_.make(Op::add, {a, b}); }
  Id sub(Id a, Id b) { return s_.make(Op::sub, {a, b}); }
  Id mul(Id a, Id b) { return s_.make(Op::mul, {a, b}); }
  Id div(Id a, Id b) { return s_.make(Op::div, {a, b}); }
  Id pow(Id a, Id b) { return s_.make(Op::pow, {a, b}); }
  Id neg(Id a) { return s_.make(Op::neg, {a}); }
  Id call(Op op, Id a) { return s_.make(op, {a}); }
  Id square(Id a) { return pow(a, number(2.0)); }
  bool flat(Id d) const { return s_.is(d, 0.0); }

  // d(u^v); `value` is u^v itself.
  Id of_power(Id value, Id u, Id v, Id du, Id dv) {
    if (flat(du) && flat(dv)) return number(0.0);
    if (flat(dv)) return mul(mul(v, pow(u, sub(v, number(1.0)))), du);
    const Id by_exponent = mul(mul(value, call(Op::log, u)), dv);
    if (flat(du)) return by_exponent;
    return add(mul(mul(v, pow(u, sub(v, number(1.0)))), du), by_exponent);
  }

  Id slope(Op op, Id value, const std::vector<Id>& x, const std::vector<Id>& d) {
    bool moves = false;
    for (std::size_t i = 0; i < d.size(); ++i) moves |= !flat(d[i]);
    if (!moves) return number(0.0);
    const Id one = number(1.0);
    switch (op) {
      case Op::neg:
        return neg(d[0]);
      case Op::add:
        return add(d[0], d[1]);
      case Op::sub:
        return sub(d[0], d[1]);
      case Op::mul:
        return add(mul(d[0], x[1]), mul(x[0], d[1]));
      case Op::div:
        if (flat(d[1])) return div(d[0], x[1]);
        return div(sub(mul(d[0], x[1]), mul(x[0], d[1])), square(x[1]));
      case Op::pow:
        return of_power(value, x[0], x[1], d[0], d[1]);
      case Op::hill: {
        const Id p = pow(x[0], x[2]);
        const Id q = pow(x[1], x[2]);
        const Id dp = of_power(p, x[0], x[2], d[0], d[2]);
        const Id dq = of_power(q, x[1], x[2], d[1], d[2]);
        return div(sub(mul(dp, q), mul(p, dq)), square(add(q, p)));
      }
      case Op::piecewise: {
        std::vector<Id> pieces(d);
        for (std::size_t i = 0; i + 1 < pieces.size(); i += 2) pieces[i + 1] = x[i + 1];
        return s_.make(Op::piecewise, pieces);
      }
      case Op::min:
      case Op::max: {
        Id best = x[0];
        Id slope_of_best = d[0];
        for (std::size_t i = 1; i < x.size(); ++i) {
          const Id better = s_.make(op == Op::min ? Op::lt : Op::gt, {x[i], best});
          slope_of_best = s_.make(Op::piecewise, {d[i], better, slope_of_best});
          best = s_.make(op, {best, x[i]});
        }
        return slope_of_best;
      }
      case Op::abs:
        return mul(call(Op::sign, x[0]), d[0]);
      case Op::exp:
        return mul(value, d[0]);
      case Op::log:
        return div(d[0], x[0]);
      case Op::log10:
        return div(d[0], mul(number(std::numbers::ln10), x[0]));
      case Op::log2:
        return div(d[0], mul(number(std::numbers::ln2), x[0]));
      case Op::sqrt:
        return div(d[0], mul(number(2.0), value));
      case Op::sin:
        return mul(call(Op::cos, x[0]), d[0]);
      case Op::cos:
        return neg(mul(call(Op::sin, x[0]), d[0]));
      case Op::tan:
        return mul(add(one, square(value)), d[0]);
      case Op::asin:
        return div(d[0], call(Op::sqrt, sub(one, square(x[0]))));
      case Op::acos:
        return neg(div(d[0], call(Op::sqrt, sub(one, square(x[0])))));
      case Op::atan:
        return div(d[0], add(one, square(x[0])));
      case Op::atan2:
        return div(sub(mul(x[1], d[0]), mul(x[0], d[1])), add(square(x[0]), square(x[1])));
      case Op::sinh:
        return mul(call(Op::cosh, x[0]), d[0]);
      case Op::cosh:
        return mul(call(Op::sinh, x[0]), d[0]);
      case Op::tanh:
        return mul(sub(one, square(value)), d[0]);
      case Op::asinh:
        return div(d[0], call(Op::sqrt, add(square(x[0]), one)));
      case Op::acosh:
        return div(d[0], call(Op::sqrt, sub(square(x[0]), one)));
      case Op::atanh:
        return div(d[0], sub(one, square(x[0])));
      case Op::factorial:
        throw Error(ErrorKind::value, where_,
                    "the derivative of factorial(...) with respect to '" + name_ +
                        "' cannot be written in this language");
      default:
        return number(0.0);  // jumps, flat elsewhere
    }
  }

  Simple s_;
  const std::string& name_;
  const std::string& where_;
};

}  // namespace

Ast derivative(const Ast& ast, const std::string& name, const std::string& where) {
  if (draws(ast)) throw Error(ErrorKind::value, where, "a random number has no derivative");
  return Differentiator(name, where).run(ast);
}

}  // namespace stochos::expr
