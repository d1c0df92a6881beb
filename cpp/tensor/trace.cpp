#include "tensor/trace.hpp"

#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

class Placeholder : public Operation {
 public:
  Placeholder(DType dtype, const Shape& shape)
      : Operation("placeholder", Kind::source), dtype_(dtype), shape_(shape) {}
  void infer(Inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = dtype_;
    outputs[0].shape = shape_;
  }
  void run(std::span<const Array>, std::span<Array>) const override {}

 private:
  DType dtype_;
  Shape shape_;
};

}  // namespace

Value placeholder(DType dtype, const Shape& shape) {
  return apply(make<const Placeholder>(dtype, shape), {});
}

Value TraceState::argument(DType dtype, const Shape& shape) {
  arguments_.push_back(placeholder(dtype, shape));
  return arguments_.back();
}

TraceState::Seen& TraceState::find(const Variable& variable) {
  for (Seen& seen : seen_) {
    if (seen.variable.get() == &variable) return seen;
  }
  Seen seen;
  seen.variable = Ref<const Variable>(&variable);
  seen.start = apply(make<const VariableLeaf>(variable.id(), variable.version(), variable.name(),
                                              Kind::source, Spec{variable.dtype(), variable.shape()}),
                     {});
  seen.now = seen.start;
  seen_.push_back(std::move(seen));
  return seen_.back();
}

Value TraceState::read(const Variable& variable) {
  return find(variable).now;
}

void TraceState::assign(Variable& variable, const Value& value) {
  Seen& seen = find(variable);
  seen.target = Ref<Variable>(&variable);
  seen.assigned = value;
  const auto& before = static_cast<const VariableLeaf&>(seen.now.node->operation());
  seen.now = apply(make<const VariableLeaf>(variable.id(), before.version() + 1, variable.name(), Kind::view,
                                            Spec{variable.dtype(), variable.shape()}),
                   {value});
}

Tracing::Tracing(TraceState& state) {
  if (context().trace != nullptr)
    fail("compile", "a trace is under way in this thread already; call the inner function directly");
  context().trace = &state;
}

}  // namespace stochos::tensor
