// Recurrent layers as one node, and their derivative as another; what goes beyond is composed.
#include <vector>

#include "tensor/functions.hpp"
#include "tensor/gradients.hpp"
#include "tensor/operation.hpp"
#include "tensor/operations/recurrent_run.hpp"

namespace stochos::tensor {
namespace {

RecurrentInputs named(const RecurrentParts& parts, Inputs inputs) {
  const RecurrentPlaces at(parts);
  const auto get = [&](int place) { return place < 0 ? Value{} : inputs[static_cast<std::size_t>(place)]; };
  RecurrentInputs in;
  in.x = get(0), in.kernel = get(1), in.recurrent = get(2), in.h0 = get(3), in.c0 = get(at.c0);
  in.bias = get(at.bias), in.mask = get(at.mask);
  (parts.plan.cell == Cell::lstm ? in.peephole : in.recurrent_bias) = get(at.extra);
  return in;
}

RecurrentArrays packed(const RecurrentParts& parts, std::span<const Array> inputs) {
  const RecurrentPlaces at(parts);
  const auto get = [&](int place) {
    return place < 0 ? Array() : inputs[static_cast<std::size_t>(place)].packed();
  };
  return {get(0), get(1), get(2), get(3), get(at.c0), get(at.bias), get(at.extra), get(at.mask), {}, {}, {}};
}

double cost_of(Inputs inputs) {
  const Shape &x = inputs[0].shape(), &u = inputs[2].shape();
  return static_cast<double>(x[0] * x[1] * u[1]) * static_cast<double>(x[2] + u[0]) / 8;
}

// Copies of the inputs as nodes of their own, so that derivatives end there though one input may stand on
// another.
std::vector<Value> apart(Inputs inputs, int floats) {
  std::vector<Value> copies(inputs.begin(), inputs.end());
  for (int i = 0; i < floats; ++i)
    copies[static_cast<std::size_t>(i)] = fresh(copies[static_cast<std::size_t>(i)]);
  return copies;
}

// Which cotangents of h, last_h, last_c there are.
struct Given {
  bool h = false, last_h = false, last_c = false;
  friend bool operator==(const Given&, const Given&) = default;
};

// Inputs: those of the layer, then h, gates, c if any, then the cotangents given. Outputs: the gradients of
// the inputs in `wanted`, by place.
class RecurrentGradient : public Operation {
 public:
  RecurrentGradient(const RecurrentParts& parts, Given given, std::vector<int> wanted)
      : Operation("recurrent_gradient"), parts_(parts), given_(given), wanted_(std::move(wanted)) {}
  std::uint32_t output_count() const override { return static_cast<std::uint32_t>(wanted_.size()); }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      outputs[i].dtype = inputs[0].dtype();
      outputs[i].shape = inputs[static_cast<std::size_t>(wanted_[i])].shape();
    }
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const RecurrentPlaces at(parts_);
    RecurrentArrays arrays = packed(parts_, inputs);
    auto next = static_cast<std::size_t>(at.count);
    arrays.h = inputs[next++].packed();
    arrays.gates = inputs[next++].packed();
    if (parts_.plan.has_c()) arrays.c = inputs[next++].packed();
    RecurrentCotangents cotangents;
    if (given_.h) cotangents.h = inputs[next++].packed();
    if (given_.last_h) cotangents.last_h = inputs[next++].packed();
    if (given_.last_c) cotangents.last_c = inputs[next++].packed();
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      outputs[i].allot();
      const int place = wanted_[i];
      Array** to = place == 0         ? &cotangents.x
                   : place == 1       ? &cotangents.kernel
                   : place == 2       ? &cotangents.recurrent
                   : place == 3       ? &cotangents.h0
                   : place == at.c0   ? &cotangents.c0
                   : place == at.bias ? &cotangents.bias
                                      : &cotangents.extra;
      *to = &outputs[i];
    }
    run_backward(parts_, arrays, cotangents);
  }
  void vjp(Vjp& call) const override {
    const RecurrentPlaces at(parts_);
    const std::size_t first = call.inputs.size() - (given_.h + given_.last_h + given_.last_c);
    std::vector<Value> copies = apart(call.inputs.first(static_cast<std::size_t>(at.count)), at.floats),
                       cotangents;
    for (std::size_t i = first; i < call.inputs.size(); ++i) cotangents.push_back(fresh(call.inputs[i]));
    const RecurrentOutputs out = recurrent_composed(parts_.plan, named(parts_, copies));
    std::vector<Value> results, wrt, asked, weights;
    if (given_.h) results.push_back(out.h);
    if (given_.last_h) results.push_back(out.last_h);
    if (given_.last_c) results.push_back(out.last_c);
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (!call.cotangents[i]) continue;
      wrt.push_back(copies[static_cast<std::size_t>(wanted_[i])]);
      weights.push_back(call.cotangents[i]);
    }
    asked = gradients(results, cotangents, wrt);
    std::vector<Value> sources(copies.begin(), copies.begin() + at.floats);
    sources.insert(sources.end(), cotangents.begin(), cotangents.end());
    const std::vector<Value> found = gradients(asked, weights, sources);
    const auto floats = static_cast<std::size_t>(at.floats);
    for (std::size_t i = 0; i < floats; ++i) {
      if (call.needed[i]) call.result[i] = found[i];
    }
    // h, gates and c follow from the inputs: their share is in those.
    for (std::size_t i = first; i < call.inputs.size(); ++i) {
      if (call.needed[i]) call.result[i] = found[floats + i - first];
    }
  }
  bool same(const Operation& other) const override {
    const auto& one = static_cast<const RecurrentGradient&>(other);
    return parts_ == one.parts_ && given_ == one.given_ && wanted_ == one.wanted_;
  }
  double cost(Inputs inputs, std::span<const Array>) const override { return 2 * cost_of(inputs); }

 private:
  RecurrentParts parts_;
  Given given_;
  std::vector<int> wanted_;
};

// Outputs h, gates, last_h and, of cells with it, c and last_c.
class RecurrentLayer : public Operation {
 public:
  explicit RecurrentLayer(const RecurrentParts& parts) : Operation("recurrent"), parts_(parts) {}
  std::uint32_t output_count() const override { return parts_.plan.has_c() ? 5 : 3; }
  bool entwined() const override { return true; }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    const Shape &x = inputs[0].shape(), &u = inputs[2].shape();
    for (Array& output : outputs) output.dtype = inputs[0].dtype();
    outputs[0].shape = {x[0], x[1], u[0]};
    outputs[1].shape = {x[0], x[1], u[0] * parts_.plan.kept()};
    outputs[2].shape = {x[1], u[0]};
    if (!parts_.plan.has_c()) return;
    outputs[3].shape = outputs[0].shape;
    outputs[4].shape = outputs[2].shape;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    RecurrentArrays arrays = packed(parts_, inputs);
    const auto memory = [&](std::size_t i) { return Array::make(outputs[i].dtype, outputs[i].shape); };
    outputs[0] = arrays.h = memory(0);
    outputs[1] = arrays.gates = memory(1);
    if (parts_.plan.has_c()) outputs[3] = arrays.c = memory(3);
    run_forward(parts_, arrays);
    // The last states are views of those of every step.
    const std::int64_t end = parts_.plan.reverse ? 0 : outputs[0].shape[0] - 1,
                       size = outputs[2].shape.size();
    outputs[2] = outputs[0].view(outputs[2].shape, row_major(outputs[2].shape), end * size);
    if (parts_.plan.has_c())
      outputs[4] = outputs[3].view(outputs[4].shape, row_major(outputs[4].shape), end * size);
  }
  void vjp(Vjp& call) const override {
    const RecurrentPlaces at(parts_);
    const bool has_c = parts_.plan.has_c();
    const Value none, *dh = &call.cotangents[0], *dlast_h = &call.cotangents[2],
                      *dlast_c = has_c ? &call.cotangents[4] : &none;
    if (call.cotangents[1] || (has_c && call.cotangents[3])) return composed(call);
    std::vector<int> wanted;
    for (int i = 0; i < at.floats; ++i) {
      if (call.needed[i]) wanted.push_back(i);
    }
    std::vector<Value> inputs(call.inputs.begin(), call.inputs.end());
    inputs.push_back(call.outputs[0]);
    inputs.push_back(call.outputs[1]);
    if (has_c) inputs.push_back(call.outputs[3]);
    Given given{bool(*dh), bool(*dlast_h), bool(*dlast_c)};
    for (const Value* one : {dh, dlast_h, dlast_c}) {
      if (*one) inputs.push_back(*one);
    }
    const Ref<Node> node = Node::make(make<const RecurrentGradient>(parts_, given, wanted), inputs);
    for (std::uint32_t i = 0; i < wanted.size(); ++i)
      call.result[static_cast<std::size_t>(wanted[i])] = {node, i};
  }
  bool same(const Operation& other) const override {
    return parts_ == static_cast<const RecurrentLayer&>(other).parts_;
  }
  double cost(Inputs inputs, std::span<const Array>) const override { return cost_of(inputs); }

 private:
  // Derivatives of c and of the gates are rarely asked for.
  void composed(Vjp& call) const {
    const RecurrentPlaces at(parts_);
    const std::vector<Value> copies = apart(call.inputs, at.floats);
    const RecurrentOutputs out = recurrent_composed(parts_.plan, named(parts_, copies));
    const Value all[] = {out.h, out.gates, out.last_h, out.c, out.last_c};
    std::vector<Value> results, cotangents;
    for (std::size_t i = 0; i < call.cotangents.size(); ++i) {
      if (!call.cotangents[i]) continue;
      results.push_back(all[i]);
      cotangents.push_back(call.cotangents[i]);
    }
    const std::vector<Value> sources(copies.begin(), copies.begin() + at.floats);
    const std::vector<Value> found = gradients(results, cotangents, sources);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (call.needed[i]) call.result[i] = found[i];
    }
  }

  RecurrentParts parts_;
};

}  // namespace

RecurrentOutputs recurrent_fused(const RecurrentPlan& plan, const RecurrentInputs& in) {
  const Value& extra = plan.cell == Cell::lstm ? in.peephole : in.recurrent_bias;
  RecurrentParts parts{plan, bool(in.bias), bool(extra), bool(in.mask)};
  std::vector<Value> inputs{in.x, in.kernel, in.recurrent, in.h0};
  if (plan.has_c()) inputs.push_back(in.c0);
  for (const Value* one : {&in.bias, &extra, &in.mask}) {
    if (*one) inputs.push_back(*one);
  }
  const Ref<Node> node = Node::make(make<const RecurrentLayer>(parts), inputs);
  RecurrentOutputs out{{node, 0}, {}, {node, 1}, {node, 2}, {}};
  if (plan.has_c()) out.c = {node, 3}, out.last_c = {node, 4};
  return out;
}

}  // namespace stochos::tensor
