#include "tensor/program.hpp"

#include <chrono>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>

#include "tensor/evaluate.hpp"
#include "tensor/walk.hpp"

namespace stochos::tensor {
namespace {

using Clock = std::chrono::steady_clock;

// Errors of an instruction name the layer that it was traced in.
class InLayer {
 public:
  explicit InLayer(const Ref<const Label>& label) : before_(std::exchange(context().label, label)) {}
  ~InLayer() { context().label = before_; }
  InLayer(const InLayer&) = delete;
  InLayer& operator=(const InLayer&) = delete;

 private:
  Ref<const Label> before_;
};

}  // namespace

Program::Program(const TraceState& trace, Inputs results) {
  std::unordered_map<const Node*, std::size_t> places;  // slot of output 0
  for (const Value& argument : trace.arguments()) {
    places.emplace(argument.node.get(), slots_++);
    arguments_.push_back({argument.dtype(), argument.shape()});
  }
  std::vector<Value> roots(results.begin(), results.end());
  for (const TraceState::Seen& seen : trace.variables()) {
    places.emplace(seen.start.node.get(), slots_);
    reads_.push_back({seen.variable, slots_++});
    if (seen.assigned) roots.push_back(seen.assigned);
  }
  std::vector<std::pair<Ref<Node>, std::vector<Value>>> order;
  {
    const std::lock_guard lock(graph_mutex());
    walk(
        roots, [](const Node& node) { return node.symbolic(); },
        [&](Node& node) {
          order.emplace_back(Ref<Node>(&node),
                             std::vector<Value>(node.inputs().begin(), node.inputs().end()));
        });
  }
  const auto slot_of = [&](const Value& value) {
    const auto found = places.find(value.node.get());
    if (found != places.end()) return found->second + value.index;
    const std::size_t first = slots_;  // a constant: all symbolic nodes have their place
    evaluate({&value, 1});
    places.emplace(value.node.get(), first);
    for (const Array& output : value.node->outputs()) constants_.push_back({output, slots_++});
    return first + value.index;
  };
  for (const auto& [node, inputs] : order) {
    if (places.contains(node.get())) continue;
    if (inputs.empty()) {
      fail_in("compile", node->label(),
              "a tensor of another traced function or a placeholder is used here; pass it as an argument, or "
              "keep "
              "numbers that outlive a call in a Variable");
    }
    Instruction instruction;
    instruction.operation = node->operation_ref();
    instruction.label = Ref<const Label>(node->label());
    for (const Value& input : inputs) instruction.inputs.push_back(slot_of(input));
    instruction.first = slots_;
    places.emplace(node.get(), slots_);
    slots_ += node->output_count();
    instruction.outputs.assign(node->outputs().begin(), node->outputs().end());
    instructions_.push_back(std::move(instruction));
  }
  for (const Value& result : results) results_.push_back(slot_of(result));
  for (const TraceState::Seen& seen : trace.variables()) {
    if (seen.assigned) writes_.push_back({seen.target, slot_of(seen.assigned)});
  }
  find_ends();
}

void Program::find_ends() {
  std::vector<bool> needed(slots_, false);
  for (const std::size_t slot : results_) needed[slot] = true;
  for (const Write& write : writes_) needed[write.slot] = true;
  for (std::size_t i = instructions_.size(); i-- > 0;) {
    Instruction& instruction = instructions_[i];
    const auto ends = [&](std::size_t slot) {
      if (!needed[slot]) instruction.finished.push_back(slot);
      needed[slot] = true;
    };
    for (std::size_t k = 0; k < instruction.outputs.size(); ++k) ends(instruction.first + k);
    for (const std::size_t slot : instruction.inputs) ends(slot);
  }
}

std::vector<Array> Program::run(std::span<const Array> arguments, const std::function<void()>& poll) const {
  if (context().trace != nullptr)
    fail("compile", "a program cannot run while its thread traces; call the function that it was made from");
  if (arguments.size() != arguments_.size()) {
    fail("compile", std::to_string(arguments.size()) + " tensors were given to a program of " +
                        std::to_string(arguments_.size()));
  }
  std::vector<Array> slots(slots_);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].dtype != arguments_[i].dtype || !(arguments[i].shape == arguments_[i].shape)) {
      fail("compile", "argument " + std::to_string(i) + " is " + name_of(arguments[i].dtype) + " of shape " +
                          to_string(arguments[i].shape) + "; the program was traced with " +
                          name_of(arguments_[i].dtype) + " of shape " + to_string(arguments_[i].shape));
    }
    slots[i] = arguments[i];
  }
  for (const Read& read : reads_) slots[read.slot] = read.variable->current().array();
  for (const Constant& constant : constants_) slots[constant.slot] = constant.array;
  const bool check = context().check_numerics;
  Clock::time_point last = poll ? Clock::now() : Clock::time_point{};
  std::vector<Array> inputs, outputs;
  for (const Instruction& instruction : instructions_) {
    inputs.clear();
    for (const std::size_t slot : instruction.inputs) inputs.push_back(slots[slot]);
    outputs = instruction.outputs;
    {
      const InLayer layer(instruction.label);
      try {
        instruction.operation->run(inputs, outputs);
      } catch (const std::bad_alloc&) {
        fail(instruction.operation->name(), "there is not enough memory", ErrorKind::memory);
      }
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (check) check_finite(*instruction.operation, instruction.label.get(), outputs[i]);
      slots[instruction.first + i] = std::move(outputs[i]);
    }
    for (const std::size_t slot : instruction.finished) slots[slot] = Array();
    if (poll && Clock::now() - last > std::chrono::milliseconds(20)) {
      poll();
      last = Clock::now();
    }
  }
  for (const Write& write : writes_) write.variable->assign(Node::leaf(slots[write.slot]));
  std::vector<Array> results;
  results.reserve(results_.size());
  for (const std::size_t slot : results_) results.push_back(slots[slot]);
  return results;
}

}  // namespace stochos::tensor
