// An expression of a network, compiled over the network's slots.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "expr/program.hpp"

namespace stochos::reactions {

class Formula {
 public:
  Formula() = default;
  // Throws Error(value) or Error(key) that tells `what` the text is.
  Formula(const std::string& text, const expr::Symbols& symbols, const std::string& what);
  Formula(const expr::Ast& ast, const expr::Symbols& symbols, const std::string& what);
  double run(const double* slots, double* registers) const noexcept { return program_.run(slots, registers); }
  // The same where the expression may draw random numbers.
  double run(const double* slots, double* registers, random::Source& source) const {
    return program_.run(slots, registers, source);
  }
  bool draws() const noexcept { return program_.draws(); }
  const std::vector<std::uint32_t>& reads() const noexcept { return program_.reads(); }
  bool reads(std::uint32_t slot) const noexcept;
  const expr::Program& program() const noexcept { return program_; }
  std::size_t registers() const noexcept { return program_.register_count(); }

 private:
  expr::Program program_;
};

// The left side minus the right of each comparison in a condition whose sides read a slot: where these are
// zero, the condition may change.
std::vector<Formula> comparisons(const std::string& text, const expr::Symbols& symbols, std::uint32_t slot,
                                 const std::string& what);

}  // namespace stochos::reactions
