// The grammar (docs/expressions.md) by precedence climbing.
#include <array>

#include "base/error.hpp"
#include "expr/ast.hpp"
#include "expr/draw.hpp"
#include "expr/lexer.hpp"

namespace stochos::expr {
namespace {

enum Level { kOr = 1, kAnd, kNot, kCompare, kSum, kProduct, kUnary };

struct Binary {
  std::string_view text;
  Op op;
  int level;
};
constexpr std::array kBinary = {
    Binary{"or", Op::or_, kOr},     Binary{"||", Op::or_, kOr},     Binary{"and", Op::and_, kAnd},
    Binary{"&&", Op::and_, kAnd},   Binary{"<", Op::lt, kCompare},  Binary{"<=", Op::le, kCompare},
    Binary{">", Op::gt, kCompare},  Binary{">=", Op::ge, kCompare}, Binary{"==", Op::eq, kCompare},
    Binary{"!=", Op::ne, kCompare}, Binary{"+", Op::add, kSum},     Binary{"-", Op::sub, kSum},
    Binary{"*", Op::mul, kProduct}, Binary{"/", Op::div, kProduct},
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& where) : text_(text), lexer_(text, where) { advance(); }

  Ast whole() {
    if (token_.kind == Kind::end) fail("the expression is empty");
    const Id root = expression(kOr);
    if (token_.is(")")) fail("this ')' closes nothing");
    if (token_.kind != Kind::end) unexpected("an operator");
    return builder_.finish(root, std::string(text_));
  }

 private:
  // What nests: it holds the depth for as long as it lives.
  struct Nest {
    explicit Nest(Parser& parser) : parser_(parser) {
      if (parser_.depth_ == kMaxDepth)
        parser_.fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
      ++parser_.depth_;
    }
    ~Nest() { --parser_.depth_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;
    Parser& parser_;
  };

  void advance() {
    last_ = token_;
    token_ = lexer_.next();
  }
  [[noreturn]] void fail(const std::string& what) const { lexer_.fail(what, token_.position); }
  [[noreturn]] void unexpected(const std::string& wanted) const {
    if (token_.kind == Kind::end) fail("expected " + wanted + ", but the text ends");
    std::string found(token_.text.substr(0, 40));
    while (found.size() < token_.text.size() && !found.empty() && (found.back() & 0x80) != 0)
      found.pop_back();
    fail("expected " + wanted + ", found '" + found + "'");
  }

  const Binary* binary() const {
    for (const Binary& entry : kBinary)
      if (token_.is(entry.text)) return &entry;
    return nullptr;
  }

  // Everything that binds at least as tightly as `level`.
  Id expression(int level) {
    Id left = level <= kNot && token_.is("not") ? negation() : unary();
    for (const Binary* entry = binary(); entry != nullptr && entry->level >= level; entry = binary()) {
      advance();
      const Id right = expression(entry->level + 1);
      left = builder_.make(entry->op, {left, right});
      const Binary* next = entry->level == kCompare ? binary() : nullptr;
      if (next != nullptr && next->level == kCompare) fail("comparisons do not chain; write a < b and b < c");
    }
    return left;
  }

  Id negation() {
    const Nest nest(*this);
    advance();
    return builder_.make(Op::not_, {expression(kNot)});
  }

  Id unary() {
    if (token_.is("+") || token_.is("-") || token_.is("!")) {
      const Nest nest(*this);
      const char sign = token_.text[0];
      advance();
      const Id operand = unary();
      return sign == '+' ? operand : builder_.make(sign == '-' ? Op::neg : Op::not_, {operand});
    }
    const Id base = primary();
    if (!token_.is("^") && !token_.is("**")) return base;
    const Nest nest(*this);
    advance();
    return builder_.make(Op::pow, {base, unary()});
  }

  Id primary() {
    if (token_.kind == Kind::number) {
      advance();
      return builder_.constant(last_.value);
    }
    if (token_.is("(")) {
      const Nest nest(*this);
      advance();
      const Id inner = expression(kOr);
      close();
      return inner;
    }
    if (token_.kind != Kind::name) unexpected("a number, a name or '('");
    if (token_.is("true") || token_.is("false")) {
      advance();
      return builder_.constant(last_.text == "true" ? 1.0 : 0.0);
    }
    if (token_.is("not")) fail("'not' binds weaker than what stands before it; put it in parentheses");
    if (!token_.quoted && is_word(token_.text)) unexpected("a number, a name or '('");
    advance();
    const Token name = last_;
    if (!token_.is("(")) return builder_.name(name.text, name.position);
    return call(name);
  }

  Id call(const Token& name) {
    const Function* function = name.quoted ? nullptr : find_function(name.text);
    if (function == nullptr) lexer_.fail("there is no such function, and a product needs *", name.position);
    const Nest nest(*this);
    advance();
    std::vector<Id> arguments;
    if (!token_.is(")")) {
      arguments.push_back(expression(kOr));
      while (token_.is(",")) {
        advance();
        arguments.push_back(expression(kOr));
      }
    }
    close();
    if (arguments.size() < function->least || arguments.size() > function->most) {
      const bool open = function->most > kMostDrawArguments;
      const bool range = !open && function->most > function->least;
      lexer_.fail(std::string(function->name) + " takes " + (open ? "at least " : "") +
                      std::to_string(function->least) +
                      (range ? " to " + std::to_string(function->most) : std::string()) +
                      (function->least == 1 && !range ? " argument" : " arguments") + " and has " +
                      std::to_string(arguments.size()),
                  name.position);
    }
    if (is_draw(function->op) && !takes_arguments(function->op, arguments.size())) {
      lexer_.fail(std::string(function->name) + " does not take " + std::to_string(arguments.size()) +
                      " arguments: give the parameters of the law, and both bounds or none",
                  name.position);
    }
    if (name.text == "if") std::swap(arguments[0], arguments[1]);  // the value, then its condition
    return builder_.make(function->op, arguments);
  }

  void close() {
    if (!token_.is(")")) unexpected("an operator or ')'");
    advance();
  }

  std::string_view text_;
  Lexer lexer_;
  Builder builder_;
  Token token_, last_;
  std::size_t depth_ = 0;
};

}  // namespace

Ast parse(std::string_view text, const std::string& where) {
  if (text.size() > kMaxLength) {
    throw Error(ErrorKind::value, where,
                "an expression of " + std::to_string(text.size()) + " bytes; at most " +
                    std::to_string(kMaxLength) + " are read");
  }
  return Parser(text, where).whole();
}

}  // namespace stochos::expr
