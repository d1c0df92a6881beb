// Runs of elementwise instructions over one shape become one instruction that works tile by tile in the
// cache; those that follow a matrix product are done to its blocks as they are made.
#pragma once
#include "tensor/compile/program.hpp"

namespace stochos::tensor {

class Fuser {
 public:
  // Before last uses are marked. Bits do not change: the kernels are the same.
  static void run(Program& program);
};

}  // namespace stochos::tensor
