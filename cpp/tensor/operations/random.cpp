// Random tensors: element i of record `counter` of the stream (seed, Purpose::tensor).
#include "kernels/table.hpp"
#include "random/stream.hpp"
#include "tensor/composites.hpp"
#include "tensor/functions.hpp"
#include "tensor/loops.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

class Random : public Operation {
 public:
  Random(Draw draw, std::uint64_t seed, const Shape& shape, DType dtype)
      : Operation("random"), draw_(draw), seed_(seed), shape_(shape), dtype_(dtype) {}
  void infer(Inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = dtype_;
    outputs[0].shape = shape_;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    outputs[0].allot();
    const random::Key key = random::stream_key(seed_, random::Purpose::tensor);
    const auto record = static_cast<std::uint64_t>(*inputs[0].as<std::int64_t>());
    const auto& table = kernels::table();
    // Pieces begin at multiples of 64, so that pairs and blocks stay whole.
    in_parts(static_cast<std::size_t>(shape_.size()), 8 * item_size(dtype_),
             [&](std::size_t first, std::size_t n) {
               const kernels::RandomFill fill{key[0], key[1], record, first, n};
               if (draw_ == Draw::bits) {
                 table.random_bits(fill, outputs[0].as<std::uint32_t>() + first);
               } else if (dtype_ == DType::f32) {
                 (draw_ == Draw::uniform ? table.random_uniform_f32 : table.random_normal_f32)(
                     fill, outputs[0].as<float>() + first);
               } else {
                 (draw_ == Draw::uniform ? table.random_uniform_f64 : table.random_normal_f64)(
                     fill, outputs[0].as<double>() + first);
               }
             });
  }
  bool same(const Operation& other) const override {
    const auto& random = static_cast<const Random&>(other);
    return draw_ == random.draw_ && seed_ == random.seed_ && shape_ == random.shape_ &&
           dtype_ == random.dtype_;
  }

 private:
  Draw draw_;
  std::uint64_t seed_;
  Shape shape_;
  DType dtype_;
};

}  // namespace

Value random(Draw draw, std::uint64_t seed, const Value& counter, const Shape& shape, DType dtype) {
  if (counter.shape().rank() != 0 || !is_int(counter.dtype()))
    fail("random", "the counter must be one int64 without axes");
  for (const std::int64_t size : shape) {
    if (size < 0) fail("random", "shape " + to_string(shape) + " has a negative size");
  }
  if (draw != Draw::bits && !is_float(dtype)) fail("random", "random numbers are float32 or float64");
  return apply(make<const Random>(draw, seed, shape, draw == Draw::bits ? DType::i32 : dtype),
               {cast(counter, DType::i64)});
}

}  // namespace stochos::tensor
