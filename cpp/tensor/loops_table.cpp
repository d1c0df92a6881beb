// The kernels of the instruction set in force, found by code and dtype.
#include "kernels/table.hpp"
#include "tensor/loops.hpp"

namespace stochos::tensor {
namespace {

// Pointers to arrays are passed alike whatever they point to; the shapes of kernels differ in nothing else.
template <class Loop, class Kernel>
Loop erased(Kernel kernel) {
  return reinterpret_cast<Loop>(reinterpret_cast<void (*)()>(kernel));
}

}  // namespace

UnaryLoop unary_loop(unary::Code code, DType type) {
  const auto& table = kernels::table();
  switch (type) {
    case DType::f32:
      return erased<UnaryLoop>(table.unary_f32[code]);
    case DType::f64:
      return erased<UnaryLoop>(table.unary_f64[code]);
    case DType::i32:
      return erased<UnaryLoop>(table.unary_i32[code]);
    case DType::i64:
      return erased<UnaryLoop>(table.unary_i64[code]);
    case DType::b8:
      break;
  }
  return nullptr;
}

UnaryLoop cast_loop(DType from, DType to) {
  return kernels::table().cast[static_cast<int>(from)][static_cast<int>(to)];
}
UnaryLoop finite_loop(DType type) {
  const auto& table = kernels::table();
  return type == DType::f32 ? erased<UnaryLoop>(table.isfinite_f32) : erased<UnaryLoop>(table.isfinite_f64);
}
UnaryLoop not_loop() {
  return erased<UnaryLoop>(kernels::table().logical_not);
}

BinaryLoop binary_loop(binary::Code code, DType type) {
  const auto& table = kernels::table();
  switch (type) {
    case DType::f32:
      return erased<BinaryLoop>(table.binary_f32[code]);
    case DType::f64:
      return erased<BinaryLoop>(table.binary_f64[code]);
    case DType::i32:
      return erased<BinaryLoop>(table.binary_i32[code]);
    case DType::i64:
      return erased<BinaryLoop>(table.binary_i64[code]);
    case DType::b8:
      break;
  }
  return nullptr;
}

BinaryLoop compare_loop(comparison::Code code, DType type) {
  const auto& table = kernels::table();
  switch (type) {
    case DType::f32:
      return erased<BinaryLoop>(table.compare_f32[code]);
    case DType::f64:
      return erased<BinaryLoop>(table.compare_f64[code]);
    case DType::i32:
      return erased<BinaryLoop>(table.compare_i32[code]);
    case DType::i64:
      return erased<BinaryLoop>(table.compare_i64[code]);
    case DType::b8:
      break;
  }
  return erased<BinaryLoop>(table.compare_b8[code]);
}

BinaryLoop logical_loop(logical::Code code) {
  return erased<BinaryLoop>(kernels::table().logical_b8[code]);
}

MulAddLoop mul_add_loop(DType type) {
  const auto& table = kernels::table();
  return type == DType::f32 ? erased<MulAddLoop>(table.mul_add_f32) : erased<MulAddLoop>(table.mul_add_f64);
}

SelectLoop select_loop(DType type) {
  const auto& table = kernels::table();
  return item_size(type) == 1 ? table.select_1 : item_size(type) == 4 ? table.select_4 : table.select_8;
}

ReduceLoop rows_loop(reduction::Code code, DType type) {
  const auto& table = kernels::table();
  switch (type) {
    case DType::f32:
      return erased<ReduceLoop>(table.reduce_rows_f32[code]);
    case DType::f64:
      return erased<ReduceLoop>(table.reduce_rows_f64[code]);
    case DType::i32:
      return erased<ReduceLoop>(table.reduce_rows_i32[code]);
    case DType::i64:
      return erased<ReduceLoop>(table.reduce_rows_i64[code]);
    case DType::b8:
      break;
  }
  return erased<ReduceLoop>(table.reduce_rows_b8[code]);
}

ColumnsLoop columns_loop(reduction::Code code, DType type) {
  const auto& table = kernels::table();
  switch (type) {
    case DType::f32:
      return erased<ColumnsLoop>(table.reduce_columns_f32[code]);
    case DType::f64:
      return erased<ColumnsLoop>(table.reduce_columns_f64[code]);
    case DType::i32:
      return erased<ColumnsLoop>(table.reduce_columns_i32[code]);
    case DType::i64:
      return erased<ColumnsLoop>(table.reduce_columns_i64[code]);
    case DType::b8:
      break;
  }
  return erased<ColumnsLoop>(table.reduce_columns_b8[code]);
}

ReduceLoop cumsum_loop(DType type) {
  const auto& table = kernels::table();
  switch (type) {
    case DType::f32:
      return erased<ReduceLoop>(table.cumsum_rows_f32);
    case DType::f64:
      return erased<ReduceLoop>(table.cumsum_rows_f64);
    case DType::i32:
      return erased<ReduceLoop>(table.cumsum_rows_i32);
    default:
      return erased<ReduceLoop>(table.cumsum_rows_i64);
  }
}

ReduceLoop extreme_loop(kernels::extreme::Code code, DType type) {
  const auto& table = kernels::table();
  switch (type) {
    case DType::f32:
      return erased<ReduceLoop>(table.extreme_rows_f32[code]);
    case DType::f64:
      return erased<ReduceLoop>(table.extreme_rows_f64[code]);
    case DType::i32:
      return erased<ReduceLoop>(table.extreme_rows_i32[code]);
    default:
      return erased<ReduceLoop>(table.extreme_rows_i64[code]);
  }
}

}  // namespace stochos::tensor
