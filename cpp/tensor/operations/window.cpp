// Windows over images (im2col) and their adjoint; convolution is a matrix product on them.
#include <algorithm>
#include <cstring>

#include "tensor/composites.hpp"
#include "tensor/functions.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

// Calls place(offset of a pixel in the image or -1, index of the pixel in the unfolded array).
template <class Place>
void each_pixel(const Window& w, std::int64_t count, std::int64_t height, std::int64_t width, Place&& place) {
  std::int64_t at = 0;
  for (std::int64_t n = 0; n < count; ++n) {
    for (std::int64_t y = 0; y < w.out[0]; ++y) {
      for (std::int64_t x = 0; x < w.out[1]; ++x) {
        for (std::int64_t i = 0; i < w.kernel[0]; ++i) {
          const std::int64_t row = y * w.stride[0] + i * w.dilation[0] - w.before[0];
          for (std::int64_t j = 0; j < w.kernel[1]; ++j, ++at) {
            const std::int64_t column = x * w.stride[1] + j * w.dilation[1] - w.before[1];
            const bool inside = row >= 0 && row < height && column >= 0 && column < width;
            place(inside ? (n * height + row) * width + column : -1, at);
          }
        }
      }
    }
  }
}

class Unfold : public Operation {
 public:
  explicit Unfold(const Window& window) : Operation("unfold"), window_(window) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    const Shape& x = inputs[0].shape();
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = {x[0], window_.out[0], window_.out[1], window_.kernel[0], window_.kernel[1], x[3]};
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array x = inputs[0].packed();
    outputs[0].allot();
    const std::size_t pixel = static_cast<std::size_t>(x.shape[3]) * item_size(x.dtype);
    if (pixel == 0) return;
    each_pixel(window_, x.shape[0], x.shape[1], x.shape[2], [&](std::int64_t from, std::int64_t to) {
      std::byte* out = outputs[0].data + static_cast<std::size_t>(to) * pixel;
      if (from < 0) {
        std::memset(out, 0, pixel);
      } else {
        std::memcpy(out, x.data + static_cast<std::size_t>(from) * pixel, pixel);
      }
    });
  }
  void vjp(Vjp& call) const override {
    const Shape& x = call.inputs[0].shape();
    call.result[0] = fold(call.cotangents[0], window_, x[1], x[2]);
  }
  bool same(const Operation& other) const override {
    return window_ == static_cast<const Unfold&>(other).window_;
  }

 private:
  Window window_;
};

class Fold : public Operation {
 public:
  Fold(const Window& window, std::int64_t height, std::int64_t width)
      : Operation("fold"), window_(window), height_(height), width_(width) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = {inputs[0].shape()[0], height_, width_, inputs[0].shape().last()};
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array x = inputs[0].packed();
    outputs[0].allot();
    dispatch(x.dtype, [&](auto t) {
      using T = decltype(t);
      T* out = outputs[0].as<T>();
      std::fill_n(out, outputs[0].size(), T{0});
      const std::int64_t channels = x.shape.last();
      each_pixel(window_, x.shape[0], height_, width_, [&](std::int64_t to, std::int64_t from) {
        if (to < 0) return;
        for (std::int64_t c = 0; c < channels; ++c)
          out[to * channels + c] = static_cast<T>(out[to * channels + c] + x.as<T>()[from * channels + c]);
      });
    });
  }
  void vjp(Vjp& call) const override { call.result[0] = unfold(call.cotangents[0], window_); }
  bool same(const Operation& other) const override {
    const auto& fold = static_cast<const Fold&>(other);
    return window_ == fold.window_ && height_ == fold.height_ && width_ == fold.width_;
  }

 private:
  Window window_;
  std::int64_t height_, width_;
};

}  // namespace

Value unfold(const Value& x, const Window& window) {
  return apply(make<const Unfold>(window), {x});
}

Value fold(const Value& x, const Window& window, std::int64_t height, std::int64_t width) {
  return apply(make<const Fold>(window, height, width), {x});
}

Value conv2d(const Value& given, const Value& weights, std::array<std::int64_t, 2> stride,
             std::array<std::int64_t, 2> dilation, bool same) {
  const DType dtype = promote(as_float(given).dtype(), weights.dtype());
  const Value x = cast(given, dtype), kernel = cast(weights, dtype);
  const Shape &image = x.shape(), &size = kernel.shape();
  if (image.rank() != 4 || size.rank() != 4 || image[3] != size[2]) {
    fail("conv2d",
         "x of shape " + to_string(image) + " and a kernel of shape " + to_string(size) +
             " do not fit: they are (batch, height, width, channels) and (height, width, channels, filters)");
  }
  Window w;
  w.stride = stride;
  w.dilation = dilation;
  for (std::size_t i = 0; i < 2; ++i) {
    const int axis = static_cast<int>(i);
    if (stride[i] < 1 || dilation[i] < 1) fail("conv2d", "stride and dilation must be at least 1");
    w.kernel[i] = size[axis];
    const std::int64_t reach = (size[axis] - 1) * dilation[i] + 1, length = image[axis + 1];
    w.out[i] = same             ? (length + stride[i] - 1) / stride[i]
               : length < reach ? 0
                                : (length - reach) / stride[i] + 1;
    if (w.out[i] < 1 && length > 0) {
      fail("conv2d", "a kernel of size " + std::to_string(reach) + " does not fit in an axis of size " +
                         std::to_string(length) + "; use padding='same'");
    }
    if (same) w.before[i] = std::max<std::int64_t>(0, (w.out[i] - 1) * stride[i] + reach - length) / 2;
  }
  const std::int64_t rows = image[0] * w.out[0] * w.out[1], inner = size[0] * size[1] * size[2];
  const Value product = matmul(reshape(unfold(x, w), {rows, inner}), reshape(kernel, {inner, size[3]}));
  return reshape(product, {image[0], w.out[0], w.out[1], size[3]});
}

}  // namespace stochos::tensor
