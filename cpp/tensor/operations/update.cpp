// One step of an optimiser as an operation: parameter, gradient and state in, parameter and state out.
#include <cmath>

#include "kernels/table.hpp"
#include "tensor/composites.hpp"
#include "tensor/functions.hpp"
#include "tensor/loops.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

using kernels::UpdateSettings;
namespace codes = kernels::update;

std::uint32_t states_of(codes::Code code) {
  return code == codes::sgd ? 0 : code == codes::adam ? 2 : 1;
}

// Inputs p, g, rate, scale, step, states; rate and scale float64, step int64, no axes. No derivative.
class Update : public Operation {
 public:
  Update(codes::Code code, const UpdateSettings& settings)
      : Operation("update"), code_(code), settings_(settings) {}
  std::uint32_t output_count() const override { return 1 + states_of(code_); }
  int overwritten(std::uint32_t output) const override {
    return output == 0 ? 0 : 4 + static_cast<int>(output);
  }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const bool number = i >= 2 && i <= 4;
      if (!(inputs[i].shape() == (number ? Shape{} : inputs[0].shape()))) {
        fail(name(), "a parameter of shape " + to_string(inputs[0].shape()) +
                         " got a gradient, state or number of shape " + to_string(inputs[i].shape()));
      }
    }
    for (Array& output : outputs) {
      output.dtype = inputs[0].dtype();
      output.shape = inputs[0].shape();
    }
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) output.allot();
    UpdateSettings settings = settings_;
    settings.rate = *inputs[2].as<double>();
    settings.scale = *inputs[3].as<double>();
    const auto step = static_cast<double>(*inputs[4].as<std::int64_t>());
    if (code_ == codes::adam) {
      settings.correction1 = 1 - std::pow(settings.beta1, step);
      settings.correction2 = 1 - std::pow(settings.beta2, step);
    }
    const Array p = inputs[0].packed(), g = inputs[1].packed();
    const Array s = inputs.size() > 5 ? inputs[5].packed() : Array(),
                t = inputs.size() > 6 ? inputs[6].packed() : Array();
    const auto& table = kernels::table();
    const auto work = [&](auto number, auto kernel) {
      using T = decltype(number);
      const auto at = [](const Array& array, std::size_t first) {
        return array.data == nullptr ? nullptr : array.as<T>() + first;
      };
      // A division and a root an element: as long as four times the bytes that it touches.
      in_parts(static_cast<std::size_t>(p.size()), 16 * sizeof(T), [&](std::size_t first, std::size_t n) {
        kernel({at(p, first), at(g, first), at(s, first), at(t, first), at(outputs[0], first),
                outputs.size() > 1 ? at(outputs[1], first) : nullptr,
                outputs.size() > 2 ? at(outputs[2], first) : nullptr, n},
               settings);
      });
    };
    p.dtype == DType::f32 ? work(float{}, table.update_f32[code_]) : work(double{}, table.update_f64[code_]);
  }

 private:
  codes::Code code_;
  UpdateSettings settings_;
};

}  // namespace

std::vector<Value> update(codes::Code code, const Value& p, const Value& g, const std::vector<Value>& states,
                          const Value& rate, const Value& scale, const Value& step,
                          const UpdateSettings& settings) {
  if (!is_float(p.dtype()))
    fail("update", "only float32 and float64 parameters can be updated", ErrorKind::type);
  if (states.size() != states_of(code)) {
    fail("update", "this optimiser has " + std::to_string(states_of(code)) + " states, not " +
                       std::to_string(states.size()));
  }
  std::vector<Value> inputs{p, cast(g, p.dtype()), cast(rate, DType::f64), cast(scale, DType::f64),
                            cast(step, DType::i64)};
  for (const Value& state : states) inputs.push_back(cast(state, p.dtype()));
  const Ref<Node> node = Node::make(make<const Update>(code, settings), inputs);
  std::vector<Value> outputs;
  for (std::uint32_t i = 0; i < node->output_count(); ++i) outputs.push_back({node, i});
  return outputs;
}

}  // namespace stochos::tensor
