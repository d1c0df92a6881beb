// Reverse mode over the graph; the answer is made of nodes, so it has derivatives too.
#pragma once
#include <vector>

#include "tensor/node.hpp"

namespace stochos::tensor {

// Sums over outputs of cotangent times derivative, one value per entry of `wrt`, zero where nothing connects.
// An empty cotangent is 1. Throws Error(value) when a variable of `wrt` was reached in an older version.
std::vector<Value> gradients(Inputs outputs, Inputs cotangents, Inputs wrt);

}  // namespace stochos::tensor
