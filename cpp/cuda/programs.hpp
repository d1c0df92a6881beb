// Programs of expressions put together as the device takes them: one list of steps, one of constants.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cuda/program_body.hpp"
#include "expr/program.hpp"

namespace stochos::cuda {

// Where a slot of a program is found on the device: another slot, or a number that never changes.
struct Place {
  std::optional<std::uint32_t> slot;
  double constant = 0;
};

struct Programs {
  std::vector<Step> steps;
  std::vector<double> constants;

  // Says why the device cannot run a program; empty when it can.
  static std::string obstacle(const expr::Program& program);
  // Takes a program without an obstacle up.
  Code add(const expr::Program& program, const std::function<Place(std::uint32_t)>& place);
};

}  // namespace stochos::cuda
