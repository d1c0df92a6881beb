#include <vector>

#include "../check.hpp"
#include "calls.hpp"
#include "tensor/compile/program.hpp"
#include "tensor/composites.hpp"
#include "tensor/evaluate.hpp"
#include "tensor/functions.hpp"
#include "tensor/gradients.hpp"
#include "tensor/trace.hpp"

using namespace stochos;
using namespace stochos::tensor;

namespace {

Value numbers(const Shape& shape) {
  Array array = Array::make(DType::f32, shape);
  for (std::int64_t i = 0; i < shape.size(); ++i)
    array.as<float>()[i] = static_cast<float>(i * 7 % 11) * 0.1F - 0.5F;
  return Node::leaf(std::move(array));
}

double total(const Array& array) {
  const Array packed = array.packed();
  double made = 0;
  for (std::int64_t i = 0; i < packed.size(); ++i) made += static_cast<double>(packed.as<float>()[i]);
  return made;
}

Value layers(const Value& x, const Value& w) {
  const Value hidden = tensor::tanh(add(matmul(x, w), sum(w, 1U)));
  return mean(square(sub(hidden, max(hidden, 2U, true))), 3U);
}

double computed() {
  const Value x = numbers(Shape{9, 6}), w = numbers(Shape{6, 6});
  const std::vector<Value> parts{x, w, layers(x, w)};
  const Value joined = concat(std::vector<Value>{x, swap_last(w)}, 0);
  return total(evaluated(parts[2])) + total(evaluated(cumsum(joined, 0))) +
         total(evaluated(slice_axis(joined, 1, 1, 3)));
}

double derived() {
  const Value x = numbers(Shape{9, 6}), w = numbers(Shape{6, 6});
  const Recording recording;
  const Value loss = layers(x, w);
  const Value slope = gradients({&loss, 1}, {}, {&w, 1})[0];
  const Value once = sum(square(slope), 3U);
  return total(evaluated(slope)) + total(evaluated(gradients({&once, 1}, {}, {&x, 1})[0]));
}

// What a failure leaves of the variables must be the old numbers of all, whether a step writes over them (of
// `weight` and its state), or not (of `rate`, and of all where `held` has a share).
double stepped(bool held) {
  const Ref<Variable> weight = make<Variable>(numbers(Shape{6, 6}), "w", true);
  const Ref<Variable> state = make<Variable>(zeros(DType::f32, Shape{6, 6}), "s", false);
  const Ref<Variable> rate = make<Variable>(constant(DType::f64, 0.1), "r", false);
  const Ref<Variable> all[] = {weight, state, rate};
  const double start = total(weight->current().array());
  const Value share = held ? weight->current() : Value();
  const Ref<TraceState> trace = make<TraceState>();
  std::vector<Value> outputs;
  {
    const Tracing tracing(*trace);
    const Value x = trace->argument(DType::f32, Shape{9, 6});
    const Recording recording;
    const Value w = weight->read();
    outputs.push_back(layers(x, w));
    outputs.push_back(x);
    const Value slope = swap_last(swap_last(gradients({&outputs[0], 1}, {}, {&w, 1})[0]));
    const std::vector<Value> made =
        update(kernels::update::momentum, w, slope, {state->read()}, rate->read(), constant(DType::f64, 1.0),
               constant(DType::i64, std::int64_t{1}), {});
    weight->assign(made[0]);
    state->assign(made[1]);
    rate->assign(mul(rate->read(), 0.5));
  }
  const Ref<Program> program = make<Program>(*trace, Inputs(outputs));
  CHECK(program->update_count() == 1);
  const std::vector<Array> arguments{numbers(Shape{9, 6}).array()};
  double made = 0;
  try {
    made = total(program->run(arguments)[0]);
  } catch (...) {
    for (const Ref<Variable>& variable : all) CHECK(variable->version() == 0);
    CHECK(total(weight->current().array()) == start);
    throw;
  }
  for (const Ref<Variable>& variable : all) CHECK(variable->version() == 1);
  return made + total(weight->current().array()) + total(state->current().array());
}

}  // namespace

std::vector<rooms::Call> rooms::tensor_calls() {
  return {{"tensor, evaluation", computed},
          {"tensor, derivatives", derived},
          {"tensor, compiled step in place", [] { return stepped(false); }},
          {"tensor, compiled step", [] { return stepped(true); }}};
}
