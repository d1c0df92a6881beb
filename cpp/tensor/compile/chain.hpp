// Elementwise kernels one after another over tiles that stay in the cache; alone, or over the blocks of a
// matrix product as they are made.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tensor/loops.hpp"
#include "tensor/operation.hpp"
#include "tensor/operations/multiply.hpp"

namespace stochos::tensor {

// Where a step finds or leaves numbers.
struct Place {
  // row: one for each place of the last axis, the same in all rows
  enum class Kind : std::uint8_t { vector, row, number, scratch, output } kind = Kind::scratch;
  std::uint8_t item = 0;  // bytes of an element
  std::uint32_t index = 0;
};

// One kernel over a tile: the one of these that is not null.
struct Step {
  UnaryLoop unary = nullptr;
  BinaryLoop binary = nullptr;
  SelectLoop select = nullptr;
  MulAddLoop mul_add = nullptr;
  Place a, b, c, to;  // a select has its mask in c
};

struct Chain {
  std::vector<Step> steps;
  std::vector<Array> outputs;  // dtypes and shapes
  std::vector<char> rows;      // of the inputs: whether they are rows
  std::uint32_t scratch = 0;   // tiles of it
  std::string name;            // of the operations, for errors
};

// `first` is a chain's first input as the product of two matrices, which then are the first two inputs
// instead. It is written where the chain leaves output `host`, or on its own when that is -1; it may be an
// output itself, `product`, else -1.
struct Epilogue {
  Array first;
  int host = -1, product = -1;
};

Ref<const Operation> fused(Chain chain);
Ref<const Operation> fused(Chain chain, Epilogue epilogue);

}  // namespace stochos::tensor
