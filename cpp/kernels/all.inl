// Every kernel, and the table of them; each level_*.cpp includes this once with STOCHOS_LEVEL set.
#include <cstddef>
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "kernels/table.hpp"

namespace stochos::kernels::STOCHOS_LEVEL {

#include "kernels/simd.inl"
// clang-format off
#include "kernels/sgd.inl"
#include "kernels/spmm.inl"
#include "kernels/dots.inl"
#include "kernels/pairs.inl"
#include "kernels/text.inl"
#include "kernels/event_draws.inl"
#include "kernels/lanes.inl"
#include "kernels/lockstep.inl"
#include "kernels/exponential.inl"
#include "kernels/logarithm.inl"
#include "kernels/error_function.inl"
#include "kernels/circle.inl"
#include "kernels/power.inl"
#include "kernels/elementwise.inl"
#include "kernels/reduce.inl"
#include "kernels/rows.inl"
#include "kernels/update.inl"
#include "kernels/recurrent.inl"
#include "kernels/flow.inl"
#include "kernels/random_fill.inl"
#include "kernels/transpose.inl"
#include "kernels/panels.inl"
#include "kernels/tensor_table.inl"
// clang-format on

static constexpr Table every_kernel() {
  Table t = {};
  t.sgd_block = sgd_block;
  t.spmm = spmm;
  t.dots = dots;
  t.pairs_gather = pairs_gather;
  t.pairs_empty_row = pairs_empty_row;
  t.token_edges = token_edges;
  t.ascii_prefix = ascii_prefix;
  t.event_draws = event_draws;
  t.lockstep = lockstep;
  set_tensor_kernels(t);
  set_recurrent_kernels(t);
  set_panel_kernels(t);
  t.lstm_jacobians_f32 = lstm_jacobians<Single>;
  t.lstm_jacobians_f64 = lstm_jacobians<Double>;
  return t;
}
extern constexpr Table kTable = every_kernel();

}  // namespace stochos::kernels::STOCHOS_LEVEL
