// Functions with kernels of their own: softmax and its kin, layer norm, convolution, random numbers, updates.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "kernels/tensor_types.hpp"
#include "tensor/node.hpp"

namespace stochos::tensor {

// --- operations/softmax.cpp. mask (may be empty): bool, broadcast to x; what is false takes no part. An
// empty set gives 0 with derivative 0.
Value softmax(const Value& x, int axis, const Value& mask);
Value log_softmax(const Value& x, int axis);
Value logsumexp(const Value& x, int axis, bool keep);

// --- operations/layer_norm.cpp, over the last axis; gain and bias (n,) may be empty.
Value layer_norm(const Value& x, const Value& gain, const Value& bias, double epsilon);

// --- operations/window.cpp
struct Window {
  std::array<std::int64_t, 2> kernel{1, 1}, stride{1, 1}, dilation{1, 1}, before{0, 0}, out{0, 0};
  friend bool operator==(const Window&, const Window&) = default;
};
// x (N, H, W, C) -> (N, out0, out1, kernel0, kernel1, C), zero outside.
Value unfold(const Value& x, const Window& window);
// Its adjoint, into height x width.
Value fold(const Value& x, const Window& window, std::int64_t height, std::int64_t width);
// x (N, H, W, C), kernel (kh, kw, C, O) -> (N, H', W', O). same: as many places as x / stride, rounded up.
Value conv2d(const Value& x, const Value& kernel, std::array<std::int64_t, 2> stride,
             std::array<std::int64_t, 2> dilation, bool same);

// --- operations/random.cpp. Element i is a function of (seed, counter, i) alone.
enum class Draw : std::uint8_t { bits, uniform, normal };
Value random(Draw draw, std::uint64_t seed, const Value& counter, const Shape& shape, DType dtype);

// --- operations/update.cpp. One step of an optimiser; states as the kernel has them, rate and scale numbers,
// step the number of this step, from 1. Gives p and the states as they become.
std::vector<Value> update(kernels::update::Code code, const Value& p, const Value& g,
                          const std::vector<Value>& states, const Value& rate, const Value& scale,
                          const Value& step, const kernels::UpdateSettings& settings);

}  // namespace stochos::tensor
