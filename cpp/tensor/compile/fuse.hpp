// Runs of elementwise instructions over one shape become one instruction that works tile by tile in the
// cache.
#pragma once
#include "tensor/compile/program.hpp"

namespace stochos::tensor {

class Fuser {
 public:
  // Before last uses are marked. Bits do not change: the kernels are the same.
  static void run(Program& program);
};

}  // namespace stochos::tensor
