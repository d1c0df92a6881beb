// Recurrent layers as two computations over all steps, forward and back (recurrent_run.cpp).
#pragma once
#include "tensor/operations/recurrent.hpp"

namespace stochos::tensor {

// Which of the inputs that may lack are there; extra is the peephole or the recurrent bias.
struct RecurrentParts {
  RecurrentPlan plan;
  bool bias = false, extra = false, mask = false;
  friend bool operator==(const RecurrentParts&, const RecurrentParts&) = default;
};

// Places of the inputs x, kernel, recurrent, h0, c0, bias, extra, mask; what lacks has none (-1).
struct RecurrentPlaces {
  explicit RecurrentPlaces(const RecurrentParts& parts) {
    int next = 4;
    if (parts.plan.has_c()) c0 = next++;
    if (parts.bias) bias = next++;
    if (parts.extra) extra = next++;
    floats = next;
    if (parts.mask) mask = next++;
    count = next;
  }
  int c0 = -1, bias = -1, extra = -1, mask = -1, floats = 0, count = 0;
};

// Arrays in row-major order; empty where there is none.
struct RecurrentArrays {
  Array x, kernel, recurrent, h0, c0, bias, extra, mask;
  Array h, c, gates;  // of every step
};
// Fills h, c and gates.
void run_forward(const RecurrentParts& parts, RecurrentArrays& arrays);

// What comes to h of every step and to the last states (any may be empty), and what goes to the inputs; those
// without memory of their own are not wanted.
struct RecurrentCotangents {
  Array h, last_h, last_c;
  Array *x = nullptr, *kernel = nullptr, *recurrent = nullptr, *h0 = nullptr, *c0 = nullptr, *bias = nullptr,
        *extra = nullptr;
};
void run_backward(const RecurrentParts& parts, const RecurrentArrays& arrays,
                  RecurrentCotangents& cotangents);

}  // namespace stochos::tensor
