// Matrix products of arrays, whatever their layout.
#pragma once
#include "tensor/array.hpp"
#include "tensor/product.hpp"

namespace stochos::tensor {

// out = a b, or out + a b with `add`; floats, shapes that fit, out row-major and with memory. Calls `done`
// (may be empty) with each block that stands, on several threads at once unless there is one block for all of
// out. Bits are those of the product without `done`.
void multiply_into(const Array& a, const Array& b, const Array& out, bool add, const BlockDone& done);

}  // namespace stochos::tensor
