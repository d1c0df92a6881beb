// Softmax, log-softmax and log-sum-exp over the last axis.
#include <cmath>

#include "kernels/table.hpp"
#include "tensor/composites.hpp"
#include "tensor/functions.hpp"
#include "tensor/loops.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

Axes last_axis(const Value& x) {
  return 1U << (x.shape().rank() - 1);
}

// Runs a rows kernel over all rows of x.
template <class Kernel32, class Kernel64>
void run_rows(const Array& given, const Array* mask, Array& out, Kernel32 single_kernel,
              Kernel64 double_kernel) {
  const Array x = given.packed();
  out.allot();
  const auto n = static_cast<std::size_t>(x.shape.last()),
             outer = n == 0 ? 0 : static_cast<std::size_t>(x.size()) / n;
  const Array truth = mask == nullptr ? Array() : mask->broadcast_to(x.shape).packed();
  const std::uint8_t* bytes = mask == nullptr ? nullptr : truth.as<std::uint8_t>();
  const std::size_t width = out.size() == x.size() ? n : 1;
  const auto run = [&](auto t, auto kernel) {
    using T = decltype(t);
    in_parts(outer, n * sizeof(T) * 4 + 1, [&](std::size_t first, std::size_t count) {
      kernel({x.as<T>() + first * n, bytes == nullptr ? nullptr : bytes + first * n, n,
              out.as<T>() + first * width, count, n});
    });
  };
  x.dtype == DType::f32 ? run(float{}, single_kernel) : run(double{}, double_kernel);
}

// The derivative of softmax or log-softmax from its result y and the cotangent g, in one pass over each row.
class SoftmaxBackward : public Operation {
 public:
  explicit SoftmaxBackward(bool logs)
      : Operation(logs ? "log_softmax_backward" : "softmax_backward"), logs_(logs) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array y = inputs[0].packed(), g = inputs[1].packed();
    outputs[0].allot();
    const auto n = static_cast<std::size_t>(y.shape.last()),
               outer = n == 0 ? 0 : static_cast<std::size_t>(y.size()) / n;
    const auto work = [&](auto t, auto kernel) {
      using T = decltype(t);
      in_parts(outer, n * sizeof(T) * 3 + 1, [&](std::size_t first, std::size_t count) {
        kernel({y.as<T>() + first * n, g.as<T>() + first * n, outputs[0].as<T>() + first * n, count, n});
      });
    };
    const auto& table = kernels::table();
    if (y.dtype == DType::f32) {
      work(float{}, logs_ ? table.log_softmax_backward_f32 : table.softmax_backward_f32);
    } else {
      work(double{}, logs_ ? table.log_softmax_backward_f64 : table.softmax_backward_f64);
    }
  }
  void vjp(Vjp& call) const override {
    const Value &y = call.inputs[0], &g = call.inputs[1], &h = call.cotangents[0];
    const Axes last = last_axis(y);
    if (logs_) {  // g - e^y sum(g)
      const Value p = exp(y);
      if (call.needed[0]) call.result[0] = neg(mul(mul(h, p), sum(g, last, true)));
      if (call.needed[1]) call.result[1] = sub(h, sum(mul(h, p), last, true));
      return;
    }
    // y (g - sum(g y)); as a matrix on g it is its own transpose
    if (call.needed[0]) {
      const Value centred = sub(g, sum(mul(g, y), last, true));
      call.result[0] = sub(mul(h, centred), mul(g, sum(mul(h, y), last, true)));
    }
    if (call.needed[1]) call.result[1] = backward(y, h, false);
  }
  bool same(const Operation&) const override { return true; }

  static Value backward(const Value& y, const Value& g, bool logs) {
    static const Ref<const Operation> made[] = {make<const SoftmaxBackward>(false),
                                                make<const SoftmaxBackward>(true)};
    return tensor::apply(made[logs ? 1 : 0], {y, g});
  }

 private:
  bool logs_;
};

class Softmax : public Operation {
 public:
  Softmax() : Operation("softmax") {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
    Shape both;
    if (inputs.size() > 1 &&
        (!try_broadcast(inputs[1].shape(), inputs[0].shape(), both) || !(both == inputs[0].shape()))) {
      fail(name(), "a mask of shape " + to_string(inputs[1].shape()) + " does not stretch to " +
                       to_string(inputs[0].shape()));
    }
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const auto& table = kernels::table();
    run_rows(inputs[0], inputs.size() > 1 ? &inputs[1] : nullptr, outputs[0], table.softmax_rows_f32,
             table.softmax_rows_f64);
  }
  void vjp(Vjp& call) const override {
    call.result[0] = SoftmaxBackward::backward(call.outputs[0], call.cotangents[0], false);
  }
  bool same(const Operation&) const override { return true; }
};

class LogSoftmax : public Operation {
 public:
  LogSoftmax() : Operation("log_softmax") {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const auto& table = kernels::table();
    run_rows(inputs[0], nullptr, outputs[0], table.log_softmax_rows_f32, table.log_softmax_rows_f64);
  }
  void vjp(Vjp& call) const override {
    call.result[0] = SoftmaxBackward::backward(call.outputs[0], call.cotangents[0], true);
  }
  bool same(const Operation&) const override { return true; }
};

class LogSumExp : public Operation {
 public:
  LogSumExp() : Operation("logsumexp") {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
    outputs[0].shape[outputs[0].shape.rank() - 1] = 1;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const auto& table = kernels::table();
    if (inputs[0].shape.last() == 0) {
      outputs[0] = filled(outputs[0].dtype, outputs[0].shape, -HUGE_VAL).array();
      return;
    }
    run_rows(inputs[0], nullptr, outputs[0], table.logsumexp_rows_f32, table.logsumexp_rows_f64);
  }
  void vjp(Vjp& call) const override {
    call.result[0] = mul(call.cotangents[0], softmax(call.inputs[0], call.inputs[0].shape().rank() - 1, {}));
  }
  bool same(const Operation&) const override { return true; }
};

}  // namespace

Value softmax(const Value& given, int axis, const Value& mask) {
  const Value x = as_float(given);
  const int last = x.shape().rank() - 1;
  const Value rows = move_axis(x, axis, last);
  if (!mask) return move_axis(apply(single<Softmax>(), {rows}), last, axis);
  Value truth = cast(mask, DType::b8);
  if (axis != last) truth = move_axis(broadcast_to(truth, x.shape()), axis, last);
  return move_axis(apply(single<Softmax>(), {rows, truth}), last, axis);
}

Value log_softmax(const Value& given, int axis) {
  const Value x = as_float(given);
  const int last = x.shape().rank() - 1;
  return move_axis(apply(single<LogSoftmax>(), {move_axis(x, axis, last)}), last, axis);
}

Value logsumexp(const Value& given, int axis, bool keep) {
  const Value x = as_float(given);
  const int last = x.shape().rank() - 1;
  const Value kept = move_axis(apply(single<LogSumExp>(), {move_axis(x, axis, last)}), last, axis);
  if (keep) return kept;
  Shape shape = kept.shape();
  shape.erase(axis);
  return reshape(kept, shape);
}

}  // namespace stochos::tensor
