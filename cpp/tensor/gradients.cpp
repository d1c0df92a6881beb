#include "tensor/gradients.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>

#include "tensor/functions.hpp"
#include "tensor/operation.hpp"
#include "tensor/variable.hpp"

namespace stochos::tensor {
namespace {

constexpr std::size_t kNone = ~std::size_t{0};

struct Step {
  Ref<Node> node;
  std::vector<Value> inputs;
  std::vector<std::size_t> steps;  // of each input; kNone when no derivative goes there
  std::vector<Value> cotangents;   // per output
  bool leads = false;              // to something in wrt
  bool wanted = false;             // is itself in wrt
};

class Tape {
 public:
  Tape(Inputs outputs, Inputs wrt) {
    for (const Value& value : wrt) targets_.push_back(value.node.get());
    {
      const std::lock_guard lock(graph_mutex());
      for (const Value& output : outputs) descend(output);
    }
    for (const Value& value : wrt) check_version(value);
    for (Step& step : steps_) {
      step.wanted = std::find(targets_.begin(), targets_.end(), step.node.get()) != targets_.end();
      step.leads = step.wanted;
      for (const std::size_t input : step.steps)
        step.leads = step.leads || (input != kNone && steps_[input].leads);
      step.cotangents.resize(step.node->output_count());
    }
  }

  // Zero or more cotangents of one value are summed as they come.
  void contribute(const Value& value, const Value& cotangent) {
    const auto found = places_.find(value.node.get());
    if (found == places_.end()) return;
    contribute(found->second, value, cotangent);
  }

  void contribute(std::size_t at, const Value& value, const Value& cotangent) {
    Value& sum = steps_[at].cotangents[value.index];
    sum = sum ? add(sum, cotangent) : cotangent;
  }

  void run() {
    std::vector<Value> outputs, results;
    for (std::size_t i = steps_.size(); i-- > 0;) {
      Step& step = steps_[i];
      if (!step.leads || step.inputs.empty()) continue;
      if (std::none_of(step.cotangents.begin(), step.cotangents.end(),
                       [](const Value& g) { return bool(g); }))
        continue;
      const std::size_t count = step.inputs.size();
      const auto needed = std::make_unique<bool[]>(count);
      bool any = false;
      for (std::size_t k = 0; k < count; ++k)
        any |= needed[k] = step.steps[k] != kNone && steps_[step.steps[k]].leads;
      if (!any) continue;
      outputs.clear();
      for (std::uint32_t k = 0; k < step.node->output_count(); ++k) outputs.push_back({step.node, k});
      results.assign(count, {});
      Vjp call{step.inputs, outputs, step.cotangents, needed.get(), results.data()};
      {
        // Nodes of the derivative carry the label of the layer that they belong to.
        const Ref<const Label> before = context().label;
        context().label = Ref<const Label>(step.node->label());
        struct Restore {
          const Ref<const Label>& label;
          ~Restore() { context().label = label; }
        } restore{before};
        step.node->operation().vjp(call);
      }
      for (std::size_t k = 0; k < count; ++k) {
        if (needed[k] && results[k]) contribute(step.steps[k], step.inputs[k], results[k]);
      }
      if (!step.wanted) step.cotangents.assign(step.cotangents.size(), {});
      step.inputs.clear();
    }
  }

  Value result(const Value& value) const {
    const auto found = places_.find(value.node.get());
    const Value* sum = found == places_.end() ? nullptr : &steps_[found->second].cotangents[value.index];
    return sum != nullptr && *sum ? *sum : zeros(value.dtype(), value.shape());
  }

 private:
  // Steps of everything below, inputs first; no recursion. Under graph_mutex().
  std::size_t descend(const Value& from) {
    std::vector<std::pair<Step, std::size_t>> stack;
    std::size_t place = kNone;  // of the last finished node
    const auto enter = [&](const Value& value) {
      place = kNone;
      if (!is_float(value.dtype())) return true;
      const auto found = places_.find(value.node.get());
      if (found != places_.end()) {
        place = found->second;
        return true;
      }
      Step step;
      step.node = value.node;
      if (!value.node->operation().cuts())
        step.inputs.assign(value.node->inputs().begin(), value.node->inputs().end());
      stack.emplace_back(std::move(step), 0);
      return false;
    };
    if (enter(from)) return place;
    while (!stack.empty()) {
      auto& [step, next] = stack.back();
      if (next < step.inputs.size()) {
        const Value input = step.inputs[next];
        if (!enter(input)) continue;
        step.steps.push_back(place);
        ++next;
        continue;
      }
      place = steps_.size();
      places_.emplace(step.node.get(), place);
      steps_.push_back(std::move(step));
      stack.pop_back();
    }
    return place;
  }

  void check_version(const Value& value) const {
    const auto* wanted = dynamic_cast<const VariableLeaf*>(&value.node->operation());
    if (wanted == nullptr) return;
    for (const Step& step : steps_) {
      const auto* met = dynamic_cast<const VariableLeaf*>(&step.node->operation());
      if (met == nullptr || met->id() != wanted->id() || met->version() == wanted->version()) continue;
      fail("gradients", "variable '" + wanted->variable() + "' was assigned (version " +
                            std::to_string(wanted->version()) + ") after this graph had read it (version " +
                            std::to_string(met->version()) +
                            "); compute the outputs again, or take all gradients before the assignment");
    }
  }

  std::vector<const Node*> targets_;
  std::vector<Step> steps_;
  std::unordered_map<const Node*, std::size_t> places_;
};

}  // namespace

std::vector<Value> gradients(Inputs outputs, Inputs cotangents, Inputs wrt) {
  for (const Value& value : wrt) {
    if (!is_float(value.dtype())) {
      fail("gradients",
           std::string("there is no derivative with respect to a tensor of dtype ") + name_of(value.dtype()) +
               "; use float32 or float64",
           ErrorKind::type);
    }
  }
  for (const Value& value : outputs) {
    if (!is_float(value.dtype())) {
      fail("gradients", std::string("an output of dtype ") + name_of(value.dtype()) + " has no derivative",
           ErrorKind::type);
    }
    if (value.node->dropped()) {
      fail("gradients",
           "this tensor was computed outside of a Recording and no longer knows where it came from; use "
           "nn.grad, or make it inside the Recording");
    }
  }
  Tape tape(outputs, wrt);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Value& output = outputs[i];
    Value given = i < cotangents.size() ? cotangents[i] : Value{};
    if (given && !(given.shape() == output.shape())) {
      fail("gradients", "a cotangent of shape " + to_string(given.shape()) +
                            " belongs to an output of shape " + to_string(output.shape()));
    }
    given = given ? cast(given, output.dtype()) : filled(output.dtype(), output.shape(), 1.0);
    tape.contribute(output, given);
  }
  tape.run();
  std::vector<Value> results;
  results.reserve(wrt.size());
  for (const Value& value : wrt) results.push_back(tape.result(value));
  return results;
}

}  // namespace stochos::tensor
