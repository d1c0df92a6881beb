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
// clang-format on

extern const Table kTable = {
    .sgd_block = sgd_block,
    .spmm = spmm,
    .dots = dots,
    .pairs_gather = pairs_gather,
    .pairs_empty_row = pairs_empty_row,
    .token_edges = token_edges,
    .ascii_prefix = ascii_prefix,
    .event_draws = event_draws,
};

}  // namespace stochos::kernels::STOCHOS_LEVEL
