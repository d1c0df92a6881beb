#include "reactions/formula.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "expr/ast.hpp"

namespace stochos::reactions {
namespace {

std::string where_of(const std::string& what) {
  return "reactions.Network] [" + what;
}

}  // namespace

Formula::Formula(const std::string& text, const expr::Symbols& symbols, const std::string& what)
    : Formula(expr::parse(text, where_of(what)), symbols, what) {}

Formula::Formula(const expr::Ast& ast, const expr::Symbols& symbols, const std::string& what)
    : program_(expr::compile(ast, symbols, where_of(what))) {}

bool Formula::reads(std::uint32_t slot) const noexcept {
  return std::binary_search(reads().begin(), reads().end(), slot);
}

std::vector<Formula> comparisons(const std::string& text, const expr::Symbols& symbols, std::uint32_t slot,
                                 const std::string& what) {
  const expr::Ast ast = expr::parse(text, where_of(what));
  std::vector<Formula> found;
  for (const expr::Node& node : ast.nodes()) {
    if (node.op < expr::Op::lt || node.op > expr::Op::ne) continue;
    // Nodes come after their arguments, so one pass copies all that this one needs.
    expr::Builder builder;
    std::vector<expr::Id> copy;
    for (const expr::Node& part : ast.nodes()) {
      if (&part == &node) break;
      std::vector<expr::Id> arguments;
      for (const expr::Id id : ast.arguments(part)) arguments.push_back(copy[id]);
      copy.push_back(part.op == expr::Op::constant ? builder.constant(part.value)
                     : part.op == expr::Op::name
                         ? builder.name(ast.names()[part.name], ast.position(part.name))
                         : builder.make(part.op, arguments));
    }
    const auto sides = ast.arguments(node);
    const expr::Id difference = builder.make(expr::Op::sub, {copy[sides[0]], copy[sides[1]]});
    Formula formula(builder.finish(difference, text), symbols, what);
    if (formula.reads(slot)) found.push_back(std::move(formula));
  }
  return found;
}

}  // namespace stochos::reactions
