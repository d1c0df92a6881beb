// Building expressions in simple form; shared by simplify() and derivative().
#pragma once
#include <vector>

#include "expr/ast.hpp"

namespace stochos::expr {

class Simple {
 public:
  Builder builder;

  // The operation, folded and without what changes nothing where all parts are finite.
  Id make(Op op, std::vector<Id> arguments);
  Id constant(double value) { return builder.constant(value); }
  bool is_constant(Id id) const noexcept { return builder.node(id).op == Op::constant; }
  bool is(Id id, double value) const noexcept { return is_constant(id) && builder.node(id).value == value; }
  // The nodes of another expression, in its order, as nodes of this one.
  std::vector<Id> take(const Ast& ast);

 private:
  Id sum(Id a, Id b);
  Id difference(Id a, Id b);
  Id product(Id a, Id b);
  Id quotient(Id a, Id b);
  Id negative(Id a);
  Id pieces(const std::vector<Id>& arguments);
  Id plain(Op op, std::initializer_list<Id> arguments) { return builder.make(op, arguments); }
  Id inside(Id id) const noexcept { return builder.arguments(id)[0]; }  // of a negative
  bool is_negative(Id id) const noexcept { return builder.node(id).op == Op::neg; }
};

}  // namespace stochos::expr
