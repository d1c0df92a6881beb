// An expression: immutable nodes, each after its arguments, equal ones stored once. No walk over it recurses,
// so the length of an expression costs time and never the stack.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "expr/ops.hpp"

namespace stochos::expr {

using Id = std::uint32_t;

inline constexpr std::size_t kMaxDepth = 200;  // nested parentheses, calls, signs and powers
inline constexpr std::size_t kMaxLength = std::size_t{1} << 20;  // bytes of text to read
inline constexpr std::size_t kMaxWritten = 4 * kMaxLength;

struct Node {
  Op op = Op::constant;
  std::uint32_t name = 0;              // of a name: its place in names()
  std::uint32_t first = 0, count = 0;  // its arguments
  double value = 0.0;                  // of a constant, always finite
};

class Ast {
 public:
  std::span<const Node> nodes() const noexcept { return data_->nodes; }
  const Node& node(Id id) const noexcept { return data_->nodes[id]; }
  std::span<const Id> arguments(const Node& node) const noexcept {
    return std::span<const Id>(data_->arguments).subspan(node.first, node.count);
  }
  Id root() const noexcept { return data_->root; }
  // In order of appearance, without doubles; `pi` is among them.
  const std::vector<std::string>& names() const noexcept { return data_->names; }
  // The text it was read from, and where in it a name first stands; empty for a computed expression.
  const std::string& text() const noexcept { return data_->text; }
  std::size_t position(std::uint32_t name) const noexcept {
    return name < data_->positions.size() ? data_->positions[name] : 0;
  }

 private:
  friend class Builder;
  struct Data {
    std::vector<Node> nodes;
    std::vector<Id> arguments;
    std::vector<std::string> names;
    std::vector<std::size_t> positions;
    std::string text;
    Id root = 0;
  };
  explicit Ast(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

class Builder {
 public:
  Id constant(double value);
  Id name(std::string_view name, std::size_t position = 0);
  Id make(Op op, std::span<const Id> arguments);
  Id make(Op op, std::initializer_list<Id> arguments) {
    return make(op, std::span<const Id>(arguments.begin(), arguments.size()));
  }
  const Node& node(Id id) const noexcept { return data_->nodes[id]; }
  std::span<const Id> arguments(Id id) const noexcept {
    return std::span<const Id>(data_->arguments).subspan(node(id).first, node(id).count);
  }
  const std::string& name_of(Id id) const noexcept { return data_->names[node(id).name]; }
  // What the root does not need is left out. The builder is empty afterwards.
  Ast finish(Id root, std::string text = {});

 private:
  Id intern(const Node& node, std::span<const Id> arguments);
  std::shared_ptr<Ast::Data> data_ = std::make_shared<Ast::Data>();
  std::unordered_multimap<std::uint64_t, Id> found_;
  std::unordered_map<std::string, std::uint32_t> name_ids_;
};

// Reads an expression. Throws Error(value) that begins with [where] and ends with the text and a caret.
Ast parse(std::string_view text, const std::string& where);
// Text that parse() reads as the same expression. Throws Error(value) when it would be longer than
// kMaxWritten: what is stored once may stand in the text many times.
std::string to_string(const Ast& ast);
// Folds constants and drops what changes nothing; equal wherever every part of the expression is finite.
Ast simplify(const Ast& ast);
// With respect to one name, simplified; jumps (floor, sign, comparisons, ...) count as flat. Throws
// Error(value) for a factorial of that name.
Ast derivative(const Ast& ast, const std::string& name, const std::string& where);

// "what at column N", the part of the text around it, and a caret below.
std::string with_caret(const std::string& what, std::string_view text, std::size_t position);

}  // namespace stochos::expr
