// Layer norm: J. L. Ba, J. R. Kiros, G. E. Hinton, arXiv:1607.06450; biased variance.
#include "kernels/table.hpp"
#include "tensor/composites.hpp"
#include "tensor/functions.hpp"
#include "tensor/loops.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

// Outputs: y, and for the derivative mean and 1 / sqrt(variance + epsilon) of each row.
class LayerNorm : public Operation {
 public:
  LayerNorm(bool gain, bool bias, double epsilon)
      : Operation("layer_norm"), gain_(gain), bias_(bias), epsilon_(epsilon) {}
  std::uint32_t output_count() const override { return 3; }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    const Shape& x = inputs[0].shape();
    if (x.rank() == 0) fail(name(), "a number has no axis to normalise over");
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      if (!(inputs[i].shape() == Shape{x.last()})) {
        fail(name(), "gain or bias of shape " + to_string(inputs[i].shape()) + " does not fit x of shape " +
                         to_string(x));
      }
    }
    for (Array& output : outputs) {
      output.dtype = inputs[0].dtype();
      output.shape = x;
    }
    outputs[1].shape[x.rank() - 1] = outputs[2].shape[x.rank() - 1] = 1;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) output = Array::make(output.dtype, output.shape);
    const Array x = inputs[0].packed();
    const Array gain = gain_ ? inputs[1].packed() : Array(),
                bias = bias_ ? inputs[gain_ ? 2 : 1].packed() : Array();
    const auto n = static_cast<std::size_t>(x.shape.last());
    if (x.size() == 0) return;
    const std::size_t outer = static_cast<std::size_t>(x.size()) / n;
    const auto work = [&](auto t, auto kernel) {
      using T = decltype(t);
      in_parts(outer, n * sizeof(T) * 2, [&](std::size_t first, std::size_t count) {
        kernel({x.as<T>() + first * n, gain.as<T>(), bias.as<T>(), static_cast<T>(epsilon_),
                outputs[0].as<T>() + first * n, outputs[1].as<T>() + first, outputs[2].as<T>() + first, count,
                n});
      });
    };
    const auto& table = kernels::table();
    x.dtype == DType::f32 ? work(float{}, table.layer_norm_f32) : work(double{}, table.layer_norm_f64);
  }
  void vjp(Vjp& call) const override {
    const Value &x = call.inputs[0], &mean_row = call.outputs[1], &rstd = call.outputs[2];
    const Axes last = 1U << (x.shape().rank() - 1);
    const Value centred = sub(x, mean_row);
    Value dx;
    const auto contribute = [&](const Value& part) { dx = dx ? add(dx, part) : part; };
    if (const Value& g = call.cotangents[0]) {
      const Value normal = mul(centred, rstd), h = gain_ ? mul(g, call.inputs[1]) : g;
      if (call.needed[0]) {
        const Value inner = sub(sub(h, mean(h, last, true)), mul(normal, mean(mul(h, normal), last, true)));
        contribute(mul(rstd, inner));
      }
      if (gain_ && call.needed[1]) call.result[1] = sum_to(mul(g, normal), call.inputs[1].shape());
      const std::size_t b = gain_ ? 2 : 1;
      if (bias_ && call.needed[b]) call.result[b] = sum_to(g, call.inputs[b].shape());
    }
    if (!call.needed[0]) return;
    const double share = 1 / static_cast<double>(x.shape().last());
    if (const Value& g = call.cotangents[1]) contribute(broadcast_to(mul(g, share), x.shape()));
    // d rstd / dx = -rstd^3 (x - mean) / n
    if (const Value& g = call.cotangents[2])
      contribute(mul(mul(mul(g, -share), mul(rstd, square(rstd))), centred));
    call.result[0] = dx;
  }
  bool same(const Operation& other) const override {
    const auto& norm = static_cast<const LayerNorm&>(other);
    return gain_ == norm.gain_ && bias_ == norm.bias_ && epsilon_ == norm.epsilon_;
  }

 private:
  bool gain_, bias_;
  double epsilon_;
};

}  // namespace

Value layer_norm(const Value& given, const Value& gain, const Value& bias, double epsilon) {
  const Value x = as_float(given);
  std::vector<Value> inputs{x};
  if (gain) inputs.push_back(cast(gain, x.dtype()));
  if (bias) inputs.push_back(cast(bias, x.dtype()));
  return tensor::apply(make<const LayerNorm>(static_cast<bool>(gain), static_cast<bool>(bias), epsilon),
                       Inputs(inputs));
}

}  // namespace stochos::tensor
