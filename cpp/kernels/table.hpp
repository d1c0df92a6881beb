// The hot inner loops as a table of functions, one table per instruction set.
//
// A kernel is one .inl file, compiled once in each level_*.cpp with that file's flags inside namespace
// stochos::kernels::STOCHOS_LEVEL. An .inl includes nothing but simd.inl and <cstdint>-like C headers: an
// inline function of the standard library compiled here with wide instructions could be the copy that the
// linker keeps for everybody, and crash an older machine.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/sgd_types.hpp"

namespace stochos::kernels {

struct Table {
  // One pass over a block (sgd.inl); scratch holds `stride` floats.
  SgdLoss (*sgd_block)(const SgdBlock& block, const SgdSettings& settings, float* scratch);
  // Rows first..last-1 of Y = M X (spmm.inl): row i of M is entries row_begin[i]..row_end[i]-1, X and Y are
  // row-major with `width` columns, a multiple of 16.
  void (*spmm)(const std::int64_t* row_begin, const std::int64_t* row_end, const std::uint32_t* column,
               const float* value, const float* x, float* y, std::size_t first, std::size_t last,
               std::size_t width);
  // dots.inl
  void (*dots)(const float* rows, std::size_t count, std::size_t dim, const float* query, float* out);
  // pairs.inl
  std::size_t (*pairs_gather)(const std::uint32_t* ids, std::size_t size, const void* positions, bool wide,
                              std::size_t count, std::uint32_t own, std::uint32_t window, bool diagonal,
                              std::uint32_t* out, std::uint32_t* out_distance);
  std::size_t (*pairs_empty_row)(std::uint32_t* sums, std::uint8_t* touched, std::size_t begin,
                                 std::size_t end, std::uint32_t* column, std::uint32_t* value);
  // text.inl
  std::size_t (*token_edges)(const char* text, std::size_t n, std::uint32_t base, std::uint64_t* in_token,
                             std::uint32_t* edges);
  std::size_t (*ascii_prefix)(const char* text, std::size_t n);
  // event_draws.inl
  void (*event_draws)(std::uint32_t key0, std::uint32_t key1, std::uint64_t record, std::uint64_t first,
                      std::size_t count, double* exponential, double* uniform);
};

// The table of cpu_level(). Throws what cpu_level() throws.
const Table& table();

// One per level file.
namespace baseline {
extern const Table kTable;
}
namespace avx2 {
extern const Table kTable;
}
namespace avx512 {
extern const Table kTable;
}

}  // namespace stochos::kernels
