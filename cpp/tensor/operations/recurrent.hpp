// Recurrent layers over whole sequences: SimpleRNN, LSTM, GRU. Time is the first axis here: x (T, B, C).
//
// Columns of kernel (C, G H), recurrent (H, G H) and bias (G H,) are blocks of H, one a gate: LSTM i, f, g,
// o; GRU z, r, n. With h', c' the states before a step:
//   simple   h = act(a),  a = x W + h' U + b
//   lstm     i, f, o = sigmoid(a), g = tanh(a), c = f c' + i g, h = o tanh(c)      (Hochreiter, Schmidhuber
//            1997, with the forget gate of Gers et al. 2000); peephole (3, H): a_i += p_i c', a_f += p_f c',
//            a_o += p_o c (Gers, Schmidhuber 2000); norm: arXiv:1607.06450, equations 20 to 22
//   gru      z, r = sigmoid(a), h = (1 - z) h' + z n (Cho et al. 2014), where
//            after: n = tanh(x W_n + b_n + r q), q = h' U_n + recurrent_bias
//            before: n = tanh(x W_n + b_n + (r h') U_n)
//            output: n = tanh(a_n), c = (1 - z) c' + z n, h = r c      (kexue.fm/archives/7888)
// Where the mask is false the states stay as they are and x is not read.
#pragma once
#include <cstdint>
#include <vector>

#include "tensor/node.hpp"

namespace stochos::tensor {

enum class Cell : std::uint8_t { simple_tanh, simple_relu, lstm, gru_after, gru_before, gru_output };

struct RecurrentPlan {
  Cell cell = Cell::lstm;
  bool reverse = false;   // from the last step to the first
  double epsilon = 1e-5;  // of the norms
  bool has_c() const noexcept { return cell == Cell::lstm || cell == Cell::gru_output; }
  // Blocks of the weights, and of what is kept of each step: after also q, before also r h'.
  std::int64_t blocks() const noexcept {
    return cell == Cell::lstm ? 4 : cell == Cell::simple_tanh || cell == Cell::simple_relu ? 1 : 3;
  }
  std::int64_t kept() const noexcept {
    return cell == Cell::gru_after || cell == Cell::gru_before ? 4 : blocks();
  }
  friend bool operator==(const RecurrentPlan&, const RecurrentPlan&) = default;
};

// Empty where there is none. mask (T, B) bool.
struct RecurrentInputs {
  Value x, kernel, recurrent, h0, c0, bias, recurrent_bias, peephole, mask;
  Value kernel_gain, recurrent_gain, state_gain, state_bias;  // all or none
};

// h, c (T, B, H): the states after each step; gates (T, B, kept() H); last_h, last_c (B, H).
struct RecurrentOutputs {
  Value h, c, gates, last_h, last_c;
};

// Checks the shapes. `fused` asks for one node and one for its derivative; those are not there for norms.
// Both have derivatives of any order.
RecurrentOutputs recurrent(const RecurrentPlan& plan, const RecurrentInputs& inputs, bool fused);
// recurrent_composed.cpp: the same of ordinary operations, step by step.
RecurrentOutputs recurrent_composed(const RecurrentPlan& plan, const RecurrentInputs& inputs);

// recurrent_fused.cpp: as one node; without norms, for one step or more.
RecurrentOutputs recurrent_fused(const RecurrentPlan& plan, const RecurrentInputs& inputs);

// --- recurrent_steps.cpp: the entries along the first axis as outputs of one node, and back. Each is the
// other's derivative, so that T steps cost O(T) in any order.
std::vector<Value> unstack(const Value& x);
Value stack(const std::vector<Value>& values);

}  // namespace stochos::tensor
