// A sequence as its steps, and steps as a sequence.
#include <cstring>

#include "tensor/functions.hpp"
#include "tensor/operation.hpp"
#include "tensor/operations/recurrent.hpp"

namespace stochos::tensor {
namespace {

Shape without_first(Shape shape) {
  shape.erase(0);
  return shape;
}

class Unstack : public Operation {
 public:
  explicit Unstack(std::uint32_t count) : Operation("unstack", Kind::view), count_(count) {}
  std::uint32_t output_count() const override { return count_; }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) {
      output.dtype = inputs[0].dtype();
      output.shape = without_first(inputs[0].shape());
    }
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array& x = inputs[0];
    Strides strides{};
    for (int i = 1; i < x.shape.rank(); ++i)
      strides[static_cast<std::size_t>(i - 1)] = x.strides[static_cast<std::size_t>(i)];
    for (std::size_t t = 0; t < outputs.size(); ++t)
      outputs[t] = x.view(outputs[t].shape, strides, static_cast<std::int64_t>(t) * x.strides[0]);
  }
  void vjp(Vjp& call) const override {
    std::vector<Value> steps(call.cotangents.begin(), call.cotangents.end());
    for (std::size_t t = 0; t < steps.size(); ++t) {
      if (!steps[t]) steps[t] = zeros(call.outputs[t].dtype(), call.outputs[t].shape());
    }
    call.result[0] = stack(steps);
  }
  bool same(const Operation& other) const override {
    return count_ == static_cast<const Unstack&>(other).count_;
  }

 private:
  std::uint32_t count_;
};

class Stack : public Operation {
 public:
  Stack() : Operation("stack") {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
    outputs[0].shape.insert(0, static_cast<std::int64_t>(inputs.size()));
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    outputs[0].allot();
    const std::size_t bytes = static_cast<std::size_t>(inputs[0].size()) * item_size(outputs[0].dtype);
    for (std::size_t t = 0; t < inputs.size(); ++t) copy_packed(inputs[t], outputs[0].data + t * bytes);
  }
  void vjp(Vjp& call) const override {
    const std::vector<Value> steps = unstack(call.cotangents[0]);
    for (std::size_t t = 0; t < steps.size(); ++t) call.result[t] = steps[t];
  }
  bool same(const Operation&) const override { return true; }
};

}  // namespace

std::vector<Value> unstack(const Value& x) {
  const auto count = static_cast<std::uint32_t>(x.shape()[0]);
  if (count == 0) return {};
  const Ref<Node> node = Node::make(make<const Unstack>(count), {&x, 1});
  std::vector<Value> steps;
  steps.reserve(count);
  for (std::uint32_t t = 0; t < count; ++t) steps.push_back({node, t});
  return steps;
}

Value stack(const std::vector<Value>& values) {
  return apply(single<Stack>(), Inputs(values));
}

}  // namespace stochos::tensor
