// Expressions as text, with no more parentheses than the grammar needs to read the same expression again.
#include <array>
#include <charconv>

#include "base/error.hpp"
#include "expr/ast.hpp"
#include "expr/lexer.hpp"

namespace stochos::expr {
namespace {

enum Level { kOr = 1, kAnd, kNot, kCompare, kSum, kProduct, kUnary, kPower, kPrimary };

struct Form {
  std::string_view sign;
  int level, left, right;  // own level, and the least that stands bare on each side
};

Form form_of(Op op) {
  switch (op) {
    case Op::or_:
      return {" or ", kOr, kOr, kAnd};
    case Op::and_:
      return {" and ", kAnd, kAnd, kNot + 1};
    case Op::lt:
      return {" < ", kCompare, kSum, kSum};
    case Op::le:
      return {" <= ", kCompare, kSum, kSum};
    case Op::gt:
      return {" > ", kCompare, kSum, kSum};
    case Op::ge:
      return {" >= ", kCompare, kSum, kSum};
    case Op::eq:
      return {" == ", kCompare, kSum, kSum};
    case Op::ne:
      return {" != ", kCompare, kSum, kSum};
    case Op::add:
      return {" + ", kSum, kSum, kProduct};
    case Op::sub:
      return {" - ", kSum, kSum, kProduct};
    case Op::mul:
      return {"*", kProduct, kProduct, kUnary};
    case Op::div:
      return {"/", kProduct, kProduct, kUnary};
    case Op::pow:
      return {"^", kPower, kPrimary, kUnary};
    case Op::not_:
      return {"not ", kNot, 0, kNot};
    case Op::neg:
      return {"-", kUnary, 0, kUnary};
    default:
      return {{}, kPrimary, 0, 0};
  }
}

// What is still to be written: a node at a place that takes `least` bare, or a piece of text.
struct Item {
  std::string_view text;
  Id id = 0;
  int least = 0;  // 0: text
};

void append_number(std::string& out, double value) {
  std::array<char, 40> buffer{};
  const auto [end, code] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  (void)code;  // the shortest form of a double has at most 24 characters
  out.append(buffer.data(), end);
}

}  // namespace

std::string to_string(const Ast& ast) {
  std::string out;
  std::vector<Item> stack = {{{}, ast.root(), kOr}};
  while (!stack.empty()) {
    const Item item = stack.back();
    stack.pop_back();
    if (out.size() > kMaxWritten) {
      throw Error(ErrorKind::value, "expr.to_string",
                  "the expression is longer than " + std::to_string(kMaxWritten) + " bytes when written out");
    }
    if (item.least == 0) {
      out += item.text;
      continue;
    }
    const Node& node = ast.node(item.id);
    const auto arguments = ast.arguments(node);
    if (node.op == Op::constant) {
      const bool bare = !std::signbit(node.value) || item.least <= kUnary;
      if (!bare) out += '(';
      append_number(out, node.value);
      if (!bare) out += ')';
      continue;
    }
    if (node.op == Op::name) {
      const std::string& text = ast.names()[node.name];
      const bool plain = is_plain_name(text);
      if (!plain) out += '`';
      out += text;
      if (!plain) out += '`';
      continue;
    }
    const Form form = form_of(node.op);
    if (form.level == kPrimary) {
      out += function_name(node.op);
      out += '(';
      stack.push_back({")"});
      for (std::size_t i = arguments.size(); i-- > 0;) {
        stack.push_back({{}, arguments[i], kOr});
        if (i > 0) stack.push_back({", "});
      }
      continue;
    }
    const bool bare = form.level >= item.least;
    if (!bare) {
      out += '(';
      stack.push_back({")"});
    }
    stack.push_back({{}, arguments.back(), form.right});
    stack.push_back({form.sign});
    if (arguments.size() == 2) stack.push_back({{}, arguments[0], form.left});
  }
  return out;
}

}  // namespace stochos::expr
