// Random numbers in expressions: which arguments they take, and their values.
#pragma once
#include <cstddef>
#include <span>

#include "expr/ast.hpp"
#include "random/distributions_law.hpp"

namespace stochos::expr {

inline constexpr std::size_t kMostDrawArguments = 4;

constexpr random::Law law_of(Op op) noexcept {
  return static_cast<random::Law>(static_cast<int>(op) - static_cast<int>(Op::draw_uniform));
}

// Parameters of the law, or of its form around 0, or with a lower and an upper bound.
bool takes_arguments(Op op, std::size_t count) noexcept;
// Not a number where the law does not exist with these arguments.
double drawn(Op op, std::span<const double> arguments, random::Source& source);
// Whether the expression holds a random number.
bool draws(const Ast& ast) noexcept;

}  // namespace stochos::expr
