// Arguments of the kernels of the tensor room that need more than a pointer or two; see kernels/table.hpp.
#pragma once
#include <cstddef>
#include <cstdint>

namespace stochos::kernels {

// Rows of a (outer, n) array. mask: bytes, 0 leaves an element out; null: all are in; mask_step: bytes from
// one row's mask to the next's (0: one mask for all rows). A row with nothing in gives 0 (log_softmax,
// logsumexp: -inf).
template <class T>
struct SoftmaxRows {
  const T* x;
  const std::uint8_t* mask;
  std::size_t mask_step;
  T* y;  // (outer, n); logsumexp: (outer,)
  std::size_t outer, n;
};

// dx of the rows from y, the forward result, and dy.
template <class T>
struct SoftmaxRowsBackward {
  const T* y;
  const T* dy;
  T* dx;
  std::size_t outer, n;
};

// y = (x - mean) * rstd * gain + bias, rstd = 1 / sqrt(variance + epsilon), over each row; gain and bias may
// be null; mean and rstd (outer,) are written when not null.
template <class T>
struct LayerNormRows {
  const T* x;
  const T* gain;
  const T* bias;
  T epsilon;
  T* y;
  T* mean;
  T* rstd;
  std::size_t outer, n;
};

// dx is written; d_gain and d_bias (n,) are added to. Each of the three may be null.
template <class T>
struct LayerNormRowsBackward {
  const T* dy;
  const T* x;
  const T* gain;
  const T* mean;
  const T* rstd;
  T* dx;
  T* d_gain;
  T* d_bias;
  std::size_t outer, n;
};

// One step of an optimiser over a flat array. State: momentum, nesterov, rmsprop, adagrad have s, adam has s
// and t. Outputs may be their inputs.
namespace update {
enum Code : std::uint8_t { sgd, momentum, nesterov, rmsprop, adagrad, adam, count };
}

template <class T>
struct UpdateArrays {
  const T* p;
  const T* g;
  const T* s;
  const T* t;
  T* p_out;
  T* s_out;
  T* t_out;
  std::size_t n;
};

// g' = g * scale + l2 * p, p' = p * (1 - rate * decay), then
//   sgd       p' - rate * g'
//   momentum  s = beta1 s + g', p' - rate * s                (nesterov: p' - rate * (g' + beta1 s))
//   rmsprop   s = beta2 s + (1 - beta2) g'^2, p' - rate * g' / (sqrt(s) + epsilon)
//   adagrad   s = s + g'^2, then as rmsprop
//   adam      s = beta1 s + (1 - beta1) g', t = beta2 t + (1 - beta2) g'^2,
//             p' - rate * s / correction1 / (sqrt(t / correction2) + epsilon); correction_i = 1 -
//             beta_i^steps
struct UpdateSettings {
  double rate = 0, scale = 1, l2 = 0, decay = 0;
  double beta1 = 0, beta2 = 0, epsilon = 0, correction1 = 1, correction2 = 1;
};

// Elements first .. first + count - 1 of the random array `record` of a key (random/philox.hpp; block b of it
// is random::draw(key, record, b)). Equal bits at every level.
//   bits      word i % 4 of block i / 4
//   uniform   float: the upper 24 bits of word i, [0, 1); double: 53 bits of words 2i (high) and 2i + 1
//   normal    pairs (i even, i + 1): r cos, r sin of r = sqrt(-2 log u), angle 2 pi v, u in (0, 1). float: u
//   of word i,
//             v of word i + 1; double: u of words 2i, 2i + 1, v of the next two
struct RandomFill {
  std::uint32_t key0, key1;
  std::uint64_t record, first;
  std::size_t count;
};

}  // namespace stochos::kernels
