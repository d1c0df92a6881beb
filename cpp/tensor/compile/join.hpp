// Products of several matrices with one and the same become one product of all their rows.
#pragma once
#include "tensor/compile/program.hpp"

namespace stochos::tensor {

class Joiner {
 public:
  // Where it pays: every product reads the shared matrix again to pack it, which for few rows takes as long
  // as the product itself, and costs more than copying the rows together. Bits may differ by rounding, for
  // products of other sizes may go another way (product.cpp). Before chains are fused.
  static void run(Program& program);
};

}  // namespace stochos::tensor
