// What the kernels of recurrent layers take; the laws of the cells stand in tensor/operations/recurrent.hpp.
#pragma once
#include <cstddef>
#include <cstdint>

namespace stochos::kernels {

// One step of `rows` sequences of n units. gates (rows, ld): blocks of n, on entry x W + h' U without the
// bias, on exit the gates. Where active is 0 the states stay. c_old, c: cells with a c. bias may be null,
// extra too: peephole of an LSTM.
template <class T>
struct CellStep {
  std::size_t rows, n, ld;
  T* gates;
  const T *bias, *extra, *h_old, *c_old;
  T *h, *c;
  const std::uint8_t* active;  // null: all
};

// Back through it: dh, dc what comes to h and c; da (rows, ld) what goes to the sums before the gates, carry
// and dc_old what goes to h' other than through U, and to c'. dc and dc_old may be one. drh: what comes to
// r h' (before). da of after: z, r, q, n.
template <class T>
struct CellStepBackward {
  std::size_t rows, n, ld, ld_da;
  const T *gates, *extra, *h_old, *c_old, *h, *c;
  const T *dh, *drh;
  T *da, *carry, *dc;
  const std::uint8_t* active;
};

namespace cell {
enum Code : std::uint8_t {
  simple_tanh,
  simple_relu,
  lstm,
  gru_after,
  gru_before,
  gru_output,
  gru_before_end,  // forward: after r h' U_n; backward: after its product
  count
};
}

// The Jacobians of (c, h) of an LSTM at n steps, all of out (n, 2H, 2H), c before h:
//   dc/dc' = diag(direct), dc/dh' = sum of diag(factor_k) rows_k for f, i and g,
//   dh/dc' = diag(slope direct), dh/dh' = diag(slope) dc/dh' + diag(factor_o) rows_o.
// factors (4, n, H) and rows (4, H, H) stand in the order f, i, g, o; direct and slope are (n, H).
template <class T>
struct LstmJacobians {
  const T *factors, *rows, *direct, *slope;
  std::size_t n, units;
  T* out;
};

}  // namespace stochos::kernels
