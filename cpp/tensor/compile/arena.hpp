// The intermediate numbers of a program lie in one piece of memory that its replays use again.
#pragma once
#include "tensor/compile/program.hpp"

namespace stochos::tensor {

class Arena {
 public:
  // Gives every slot that does not leave the program a place, and the place of one that is not needed any
  // more to the next. After all instructions are in order.
  static void plan(Program& program);
};

}  // namespace stochos::tensor
