// Layer norm: J. L. Ba, J. R. Kiros, G. E. Hinton, arXiv:1607.06450; biased variance.
#include <algorithm>
#include <vector>

#include "kernels/table.hpp"
#include "tensor/composites.hpp"
#include "tensor/functions.hpp"
#include "tensor/loops.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

constexpr std::size_t kRowsTogether = 64;  // whose gains and biases are summed before those of others

// The derivative by x, by the gain and by the bias, from x, mean, rstd, the cotangent g and the gain, in one
// pass. u = (x - mean) rstd and h = g gain: dx = rstd (h - mean(h) - u mean(h u)), d gain = sum(g u), d bias
// = sum(g).
class LayerNormBackward : public Operation {
 public:
  LayerNormBackward(bool gain, bool bias) : Operation("layer_norm_backward"), gain_(gain), bias_(bias) {}
  std::uint32_t output_count() const override { return 1U + (gain_ ? 1U : 0U) + (bias_ ? 1U : 0U); }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) {
      output.dtype = inputs[0].dtype();
      output.shape = Shape{inputs[0].shape().last()};
    }
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) output.allot();
    const Array x = inputs[0].packed(), mean_row = inputs[1].packed(), rstd = inputs[2].packed(),
                g = inputs[3].packed(), gain = gain_ ? inputs[4].packed() : Array();
    const auto n = static_cast<std::size_t>(x.shape.last()),
               outer = n == 0 ? 0 : static_cast<std::size_t>(x.size()) / n;
    // Sums over rows are made in blocks that do not depend on the number of threads.
    const std::size_t blocks = (outer + kRowsTogether - 1) / kRowsTogether;
    const auto work = [&](auto t, auto kernel) {
      using T = decltype(t);
      std::vector<T> sums(2 * n * blocks, T{0});
      in_parts(blocks, n * sizeof(T) * 3 * kRowsTogether, [&](std::size_t from, std::size_t count) {
        for (std::size_t block = from; block < from + count; ++block) {
          const std::size_t first = block * kRowsTogether, rows = std::min(kRowsTogether, outer - first);
          T* own = sums.data() + 2 * n * block;
          kernel({g.as<T>() + first * n, x.as<T>() + first * n, gain.as<T>(), mean_row.as<T>() + first,
                  rstd.as<T>() + first, outputs[0].as<T>() + first * n, gain_ ? own : nullptr,
                  bias_ ? own + n : nullptr, rows, n});
        }
      });
      for (std::size_t k = 1; k < outputs.size(); ++k) {
        const std::size_t offset = gain_ && k == 1 ? 0 : n;
        for (std::size_t i = 0; i < n; ++i) {
          double total = 0;
          for (std::size_t block = 0; block < blocks; ++block) total += sums[2 * n * block + offset + i];
          outputs[k].as<T>()[i] = static_cast<T>(total);
        }
      }
    };
    const auto& table = kernels::table();
    x.dtype == DType::f32 ? work(float{}, table.layer_norm_backward_f32)
                          : work(double{}, table.layer_norm_backward_f64);
  }
  void vjp(Vjp& call) const override {
    const Value &x = call.inputs[0], &mean_row = call.inputs[1], &rstd = call.inputs[2], &g = call.inputs[3];
    const Axes last = 1U << (x.shape().rank() - 1);
    const Value &p = call.cotangents[0], q = gain_ ? call.cotangents[1] : Value(),
                r = bias_ ? call.cotangents[gain_ ? 2 : 1] : Value();
    const Value centred = sub(x, mean_row), u = mul(centred, rstd), h = gain_ ? mul(g, call.inputs[4]) : g;
    Value dg, du, drstd;
    const auto join = [](Value& sum, const Value& part) { sum = sum ? add(sum, part) : part; };
    if (p) {
      const Value a = mul(rstd, p), along = mean(mul(a, u), last, true), m2 = mean(mul(h, u), last, true);
      const Value dh = sub(sub(a, mean(a, last, true)), mul(u, along));
      dg = gain_ ? mul(dh, call.inputs[4]) : dh;
      if (gain_ && call.needed[4]) call.result[4] = sum_to(mul(dh, g), call.inputs[4].shape());
      du = neg(add(mul(a, m2), mul(h, along)));
      drstd = sum(mul(p, sub(sub(h, mean(h, last, true)), mul(u, m2))), last, true);
    }
    if (q) {
      join(dg, mul(u, q));
      join(du, mul(g, q));
    }
    if (r) join(dg, broadcast_to(r, g.shape()));
    if (du) {
      const Value dx = mul(du, rstd);
      if (call.needed[0]) call.result[0] = dx;
      if (call.needed[1]) call.result[1] = neg(sum(dx, last, true));
      join(drstd, sum(mul(du, centred), last, true));
    }
    if (drstd && call.needed[2]) call.result[2] = drstd;
    if (dg && call.needed[3]) call.result[3] = dg;
  }
  bool same(const Operation& other) const override {
    const auto& norm = static_cast<const LayerNormBackward&>(other);
    return gain_ == norm.gain_ && bias_ == norm.bias_;
  }

 private:
  bool gain_, bias_;
};

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
    for (Array& output : outputs) output.allot();
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
    const Value centred = sub(x, mean_row);
    Value dx;
    const auto contribute = [&](const Value& part) { dx = dx ? add(dx, part) : part; };
    if (const Value& g = call.cotangents[0]) {
      std::vector<Value> inputs{x, mean_row, rstd, g};
      if (gain_) inputs.push_back(call.inputs[1]);
      const Ref<Node> node = Node::make(make<const LayerNormBackward>(gain_, bias_), inputs);
      if (call.needed[0]) contribute({node, 0});
      for (std::uint32_t k = 1; k < node->output_count(); ++k) {
        if (call.needed[k]) call.result[k] = {node, k};
      }
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
