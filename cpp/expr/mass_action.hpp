// Is a rate law mass action in disguise? k*P*(P-1)/2, 0.5*k*P*(P-1) and k*(P*P-P)/2 are one law.
#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "expr/ast.hpp"

namespace stochos::expr {

struct MassAction {
  enum Kind { combinations, powers };  // c * prod C(x_i, n_i), or c * prod x_i^n_i; no n_i > 1: combinations
  Kind kind = combinations;
  double constant = 0.0;
  std::vector<std::pair<std::string, std::uint32_t>> orders;  // by name; empty for a constant law
};

// Names that hold one number during a run. Every other name counts as an amount, `pi` and `time` too: look
// the orders' names up before you trust them.
using Constants = std::unordered_map<std::string, double>;

// The law as a polynomial of the amounts, expanded with 64-bit significands, so that coefficients which
// differ in the last bit of a double are told apart. None where it is no such polynomial, or of a degree
// above 16.
std::optional<MassAction> find_mass_action(const Ast& law, const Constants& constants);

// The same for given reactants (name, multiplicity > 0): only laws whose orders are exactly these. A law that
// is zero throughout counts as mass action with constant 0.
std::optional<MassAction> mass_action(const Ast& law, const Constants& constants,
                                      const std::vector<std::pair<std::string, std::uint32_t>>& reactants);

}  // namespace stochos::expr
