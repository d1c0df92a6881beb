// Names of the kernels over flat arrays that the tensor room calls through kernels::Table, and their shapes.
// An output may be one of the inputs (same address); otherwise arrays do not overlap. n may be 0 everywhere.
// Floating results are within 2 units in the last place of the true value, with the special values of C's
// functions; bits may differ between instruction sets, save where a kernel says otherwise.
#pragma once
#include <cstddef>
#include <cstdint>

namespace stochos::kernels {

// y = f(x). Integers have neg abs sign square relu copy; the other places of their rows are null.
namespace unary {
enum Code : std::uint8_t {
  neg,
  abs,
  sign,  // -1, 0, 1; NaN stays
  exp,
  expm1,
  log,
  log1p,
  sqrt,
  rsqrt,
  square,
  reciprocal,
  tanh,
  sigmoid,
  softplus,  // log(1 + e^x)
  erf,
  sin,
  cos,
  floor,
  ceil,
  round,      // half to even
  relu,       // NaN stays
  silu,       // x sigmoid(x), within 3 units
  gelu,       // x (1 + erf(x / sqrt 2)) / 2, within 6 units
  gelu_tanh,  // x sigmoid(v), v = 2 sqrt(2 / pi) (x + 0.044715 x^3), within 4 + 3 |v| units
  copy,
  gelu_slope,       // the derivative of gelu, within 4 units of 1
  gelu_tanh_slope,  // that of gelu_tanh, within 8 units of 1
  count
};
}  // namespace unary

// y = f(a, b). Integers wrap around; their div is rounded down, 0 when b is 0.
namespace binary {
enum Code : std::uint8_t {
  add,
  sub,
  mul,
  div,
  pow,      // integers: a negative exponent gives the truncated fraction, 0 to a negative one gives 0
  maximum,  // a NaN wins
  minimum,
  mod,  // sign of b, as in Python; integers: 0 when b is 0
  count
};
}  // namespace binary

namespace compare {
enum Code : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, count };
}

// On bytes 0 and 1.
namespace logical {
enum Code : std::uint8_t { both, either, differ, count };
}

namespace reduce {
enum Code : std::uint8_t { sum, max, min, prod, count };  // max and min: a NaN wins; of nothing: -+inf
}

namespace extreme {
enum Code : std::uint8_t { argmax, argmin, count };  // the first place; a NaN wins; n > 0
}

// Order of the rows and columns of Table::cast; the tensor room's dtypes stand in the same order.
namespace kind {
enum Code : std::uint8_t { f32, f64, i32, i64, b8, count };
}

// Which operands are one number for all elements.
enum Mode : std::uint8_t { kVectors = 0, kScalarA = 1, kScalarB = 2, kScalars = 3 };

template <class T>
using UnaryKernel = void (*)(const T* x, T* y, std::size_t n);
template <class T>
using BinaryKernel = void (*)(const T* a, const T* b, T* y, std::size_t n, Mode mode);
// y = a b + c with two roundings; bits 1, 2, 4 of `numbers`: a, b, c is one number.
template <class T>
using MulAddKernel = void (*)(const T* a, const T* b, const T* c, T* y, std::size_t n, unsigned numbers);
template <class T>
using CompareKernel = void (*)(const T* a, const T* b, std::uint8_t* y, std::size_t n, Mode mode);
template <class T>
using TestKernel = void (*)(const T* x, std::uint8_t* y, std::size_t n);
// y = mask ? a : b, elements of a given size.
using SelectKernel = void (*)(const std::uint8_t* mask, const void* a, const void* b, void* y, std::size_t n,
                              Mode mode);
// Float to integer truncates; NaN gives 0, too large a number the nearest end of the range. To b8: x != 0.
using CastKernel = void (*)(const void* x, void* y, std::size_t n);
// Rows: y[i] of x[i * n .. i * n + n - 1], i < outer. Columns: y[j] of all x[i * stride + j]. Sums of floats
// are made in blocks, the same bits at every level.
template <class T>
using ReduceKernel = void (*)(const T* x, T* y, std::size_t outer, std::size_t n);
// Down the first n of `stride` columns.
template <class T>
using ColumnsKernel = void (*)(const T* x, T* y, std::size_t outer, std::size_t n, std::size_t stride);
template <class T>
using ExtremeKernel = void (*)(const T* x, std::int64_t* y, std::size_t outer, std::size_t n);
// y[r * rows_y + ...]: y (columns x rows, leading dimension ldy) = transpose of x (rows x columns, ldx); no
// overlap.
using TransposeKernel = void (*)(const void* x, void* y, std::size_t rows, std::size_t columns,
                                 std::size_t ldx, std::size_t ldy);

}  // namespace stochos::kernels
