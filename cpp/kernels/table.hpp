// The hot inner loops as a table of functions, one table per instruction set.
//
// A kernel is one .inl file, compiled once in each level_*.cpp with that file's flags inside namespace
// stochos::kernels::STOCHOS_LEVEL. An .inl includes nothing but simd.inl and <cstdint>-like C headers: an
// inline function of the standard library compiled here with wide instructions could be the copy that the
// linker keeps for everybody, and crash an older machine.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/elementwise_codes.hpp"
#include "kernels/lockstep_types.hpp"
#include "kernels/panel_types.hpp"
#include "kernels/recurrent_types.hpp"
#include "kernels/sgd_types.hpp"
#include "kernels/tensor_types.hpp"

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
  // lockstep.inl
  void (*lockstep)(Lockstep& lanes, std::size_t steps, bool all, bool resume);

  // elementwise.inl and its companions; codes and laws in elementwise_codes.hpp. A null place: no such
  // kernel.
  UnaryKernel<float> unary_f32[unary::count];
  UnaryKernel<double> unary_f64[unary::count];
  UnaryKernel<std::int32_t> unary_i32[unary::count];
  UnaryKernel<std::int64_t> unary_i64[unary::count];
  BinaryKernel<float> binary_f32[binary::count];
  BinaryKernel<double> binary_f64[binary::count];
  BinaryKernel<std::int32_t> binary_i32[binary::count];
  BinaryKernel<std::int64_t> binary_i64[binary::count];
  MulAddKernel<float> mul_add_f32;
  MulAddKernel<double> mul_add_f64;
  CompareKernel<float> compare_f32[compare::count];
  CompareKernel<double> compare_f64[compare::count];
  CompareKernel<std::int32_t> compare_i32[compare::count];
  CompareKernel<std::int64_t> compare_i64[compare::count];
  CompareKernel<std::uint8_t> compare_b8[compare::count];
  BinaryKernel<std::uint8_t> logical_b8[logical::count];
  UnaryKernel<std::uint8_t> logical_not;
  TestKernel<float> isfinite_f32;
  TestKernel<double> isfinite_f64;
  SelectKernel select_1, select_4, select_8;  // by size of an element
  CastKernel cast[kind::count][kind::count];  // [from][to]

  // reduce.inl; any and all are max and min of bytes 0 and 1 (sum and prod of those are null).
  ReduceKernel<float> reduce_rows_f32[reduce::count];
  ColumnsKernel<float> reduce_columns_f32[reduce::count];
  ReduceKernel<double> reduce_rows_f64[reduce::count];
  ColumnsKernel<double> reduce_columns_f64[reduce::count];
  ReduceKernel<std::int32_t> reduce_rows_i32[reduce::count];
  ColumnsKernel<std::int32_t> reduce_columns_i32[reduce::count];
  ReduceKernel<std::int64_t> reduce_rows_i64[reduce::count];
  ColumnsKernel<std::int64_t> reduce_columns_i64[reduce::count];
  ReduceKernel<std::uint8_t> reduce_rows_b8[reduce::count];
  ColumnsKernel<std::uint8_t> reduce_columns_b8[reduce::count];
  ExtremeKernel<float> extreme_rows_f32[extreme::count];
  ExtremeKernel<double> extreme_rows_f64[extreme::count];
  ExtremeKernel<std::int32_t> extreme_rows_i32[extreme::count];
  ExtremeKernel<std::int64_t> extreme_rows_i64[extreme::count];
  // Running sums along each row.
  ReduceKernel<float> cumsum_rows_f32;
  ReduceKernel<double> cumsum_rows_f64;
  ReduceKernel<std::int32_t> cumsum_rows_i32;
  ReduceKernel<std::int64_t> cumsum_rows_i64;

  // rows.inl
  void (*softmax_rows_f32)(const SoftmaxRows<float>&);
  void (*softmax_rows_f64)(const SoftmaxRows<double>&);
  void (*log_softmax_rows_f32)(const SoftmaxRows<float>&);
  void (*log_softmax_rows_f64)(const SoftmaxRows<double>&);
  void (*logsumexp_rows_f32)(const SoftmaxRows<float>&);
  void (*logsumexp_rows_f64)(const SoftmaxRows<double>&);
  void (*softmax_backward_f32)(const SoftmaxRowsBackward<float>&);
  void (*softmax_backward_f64)(const SoftmaxRowsBackward<double>&);
  void (*log_softmax_backward_f32)(const SoftmaxRowsBackward<float>&);
  void (*log_softmax_backward_f64)(const SoftmaxRowsBackward<double>&);
  void (*layer_norm_f32)(const LayerNormRows<float>&);
  void (*layer_norm_f64)(const LayerNormRows<double>&);
  void (*layer_norm_backward_f32)(const LayerNormRowsBackward<float>&);
  void (*layer_norm_backward_f64)(const LayerNormRowsBackward<double>&);

  // panels.inl: whether they are quicker than OpenBLAS at this level, rows of a tile, columns in a panel,
  // packing, products
  bool panels_lead;
  std::size_t panel_rows, panel_width_f32, panel_width_f64;
  void (*panel_pack_f32)(const float*, std::size_t, bool, std::size_t, std::size_t, float*);
  void (*panel_pack_f64)(const double*, std::size_t, bool, std::size_t, std::size_t, double*);
  void (*panel_tiles_f32)(const float*, std::size_t, bool, std::size_t, std::size_t, float*);
  void (*panel_tiles_f64)(const double*, std::size_t, bool, std::size_t, std::size_t, double*);
  void (*panel_product_f32)(const PanelProduct<float>&);
  void (*panel_product_f64)(const PanelProduct<double>&);

  // flow.inl
  void (*lstm_jacobians_f32)(const LstmJacobians<float>&);
  void (*lstm_jacobians_f64)(const LstmJacobians<double>&);

  // recurrent.inl: one step of a cell
  void (*recurrent_forward_f32[cell::count])(const CellStep<float>&);
  void (*recurrent_forward_f64[cell::count])(const CellStep<double>&);
  void (*recurrent_backward_f32[cell::count])(const CellStepBackward<float>&);
  void (*recurrent_backward_f64[cell::count])(const CellStepBackward<double>&);

  // update.inl
  void (*update_f32[update::count])(const UpdateArrays<float>&, const UpdateSettings&);
  void (*update_f64[update::count])(const UpdateArrays<double>&, const UpdateSettings&);

  // random_fill.inl
  void (*random_bits)(const RandomFill&, std::uint32_t* y);
  void (*random_uniform_f32)(const RandomFill&, float* y);
  void (*random_uniform_f64)(const RandomFill&, double* y);
  void (*random_normal_f32)(const RandomFill&, float* y);
  void (*random_normal_f64)(const RandomFill&, double* y);

  // transpose.inl, by size of an element
  TransposeKernel transpose_1, transpose_4, transpose_8;
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
