// The kernels of a dtype, type-erased, and how an elementwise operation runs them over strided operands.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/elementwise_codes.hpp"
#include "tensor/array.hpp"

namespace stochos::tensor {

namespace unary = kernels::unary;
namespace binary = kernels::binary;
namespace comparison = kernels::compare;
namespace logical = kernels::logical;
namespace reduction = kernels::reduce;
using kernels::Mode;

using UnaryLoop = void (*)(const void* x, void* y, std::size_t n);
using BinaryLoop = void (*)(const void* a, const void* b, void* y, std::size_t n, Mode mode);
using SelectLoop = kernels::SelectKernel;
using MulAddLoop = void (*)(const void* a, const void* b, const void* c, void* y, std::size_t n,
                            unsigned numbers);
using ReduceLoop = void (*)(const void* x, void* y, std::size_t outer, std::size_t n);
using ColumnsLoop = void (*)(const void* x, void* y, std::size_t outer, std::size_t n, std::size_t stride);

// Null when there is no such kernel.
UnaryLoop unary_loop(unary::Code code, DType type);
UnaryLoop cast_loop(DType from, DType to);
UnaryLoop finite_loop(DType type);
UnaryLoop not_loop();
BinaryLoop binary_loop(binary::Code code, DType type);
BinaryLoop compare_loop(comparison::Code code, DType type);
BinaryLoop logical_loop(logical::Code code);
SelectLoop select_loop(DType type);
MulAddLoop mul_add_loop(DType type);  // of floats
ReduceLoop rows_loop(reduction::Code code, DType type);
ColumnsLoop columns_loop(reduction::Code code, DType type);
ReduceLoop cumsum_loop(DType type);
ReduceLoop extreme_loop(kernels::extreme::Code code, DType type);  // writes int64

// `out` has dtype and shape and gets its memory here. Operands are broadcast to it.
void run_unary(UnaryLoop loop, const Array& x, Array& out);
void run_binary(BinaryLoop loop, const Array& a, const Array& b, Array& out);
void run_select(SelectLoop loop, const Array& mask, const Array& a, const Array& b, Array& out);

// Runs part(first, count) over 0..n-1, on several threads when the bytes moved are worth it, and can be
// stopped between parts. Parts do not depend on the number of threads.
template <class Part>
void in_parts(std::size_t n, std::size_t bytes_each, Part&& part);

}  // namespace stochos::tensor

#include "tensor/context.hpp"
#include "tensor/threads.hpp"

namespace stochos::tensor {

template <class Part>
void in_parts(std::size_t n, std::size_t bytes_each, Part&& part) {
  constexpr std::size_t kLeast = 1 << 20, kPiece = 128 << 10;  // bytes: below the first, threads cost more
  if (n * bytes_each < kLeast) {
    part(std::size_t{0}, n);
    return;
  }
  // A row may be longer than a piece; elements are cut at cache lines.
  const std::size_t fit = kPiece / bytes_each;
  const std::size_t piece = fit == 0 ? 1 : fit < 64 ? fit : fit / 64 * 64;
  run_tasks((n + piece - 1) / piece, [&](std::size_t task) {
    Polling::check();
    const std::size_t first = task * piece;
    part(first, first + piece < n ? piece : n - first);
  });
}

}  // namespace stochos::tensor
