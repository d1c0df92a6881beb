// Steps of optimisers that stand at the end of a program write over the variables' old numbers: no second
// copy of the parameters, no new memory at a replay.
#pragma once
#include "tensor/compile/program.hpp"

namespace stochos::tensor {

class Overwriter {
 public:
  // Puts those instructions at the end whose outputs do nothing but become the next version of variables that
  // they read. Before last uses are marked.
  static void arrange(Program& program);
  // The end of a replay: updates and assignments. A variable whose numbers somebody else still holds, as a
  // tensor, an array or a recorded graph, gets new memory as ever.
  static void finish(const Program& program, std::vector<Array>& slots);
};

}  // namespace stochos::tensor
