// An expression of a network, compiled over the network's slots.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace stochos::reactions {

using SymbolTable = std::unordered_map<std::string, std::uint32_t>;

class Formula {
 public:
  Formula() = default;
  Formula(const std::string& text, const SymbolTable& symbols, const std::string& what);
  double run(const double* slots, double* registers) const;
  const std::vector<std::uint32_t>& reads() const noexcept { return reads_; }
  std::size_t registers() const noexcept { return 1; }

 private:
  std::vector<std::uint32_t> reads_;
};

}  // namespace stochos::reactions
