#include "tensor/compile/program.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "tensor/compile/arena.hpp"
#include "tensor/compile/fuse.hpp"
#include "tensor/compile/join.hpp"
#include "tensor/compile/overwrite.hpp"
#include "tensor/evaluate.hpp"
#include "tensor/functions.hpp"
#include "tensor/walk.hpp"

namespace stochos::tensor {

class ProgramBuilder {
 public:
  ProgramBuilder(Program& program, const TraceState& trace, Inputs outputs) : program_(program) {
    std::vector<Value> ends(outputs.begin(), outputs.end());
    for (const TraceState::Seen& seen : trace.variables()) {
      if (seen.assigned) ends.push_back(seen.assigned);
    }
    fold(ends);
    for (const Value& argument : trace.arguments()) {
      program.argument_slots_.push_back(own_slot(argument));
      program.arguments_.push_back(argument.array());
    }
    for (const TraceState::Seen& seen : trace.variables())
      program.reads_.push_back(
          {Ref<Variable>(const_cast<Variable*>(seen.variable.get())), own_slot(seen.start)});
    {
      const std::lock_guard lock(graph_mutex());
      walk(ends, [](const Node&) { return true; }, [&](Node& node) { visit(node); });
    }
    for (const Value& output : outputs) program.outputs_.push_back(slot(output));
    for (const TraceState::Seen& seen : trace.variables()) {
      if (seen.assigned)
        program.assigned_.push_back(
            {Ref<Variable>(const_cast<Variable*>(seen.variable.get())), slot(seen.assigned)});
    }
    program.counts_.operations = program.instructions_.size();
    Joiner::run(program);
    Fuser::run(program);
    Overwriter::arrange(program);
    mark_last_uses();
    Arena::plan(program);
  }

 private:
  using Slot = Program::Slot;

  // Numbers that are the same at every replay are computed once.
  static void fold(Inputs ends) {
    std::vector<Value> fixed;
    {
      const std::lock_guard lock(graph_mutex());
      const auto note = [&](const Value& value) {
        if (!value.node->symbolic() && !value.node->done()) fixed.push_back(value);
      };
      for (const Value& end : ends) note(end);
      walk(
          ends, [](const Node& node) { return node.symbolic(); },
          [&](Node& node) {
            for (const Value& input : node.inputs()) note(input);
          });
    }
    evaluate(fixed);
  }

  Slot new_slot(Array content = {}) {
    program_.start_.push_back(std::move(content));
    return static_cast<Slot>(program_.start_.size() - 1);
  }

  Slot own_slot(const Value& value) {
    const Slot made = new_slot();
    slots_[value.node.get()] = {made};
    return made;
  }

  Slot slot(const Value& value) const { return slots_.at(value.node.get())[value.index]; }

  void visit(Node& node) {
    if (slots_.contains(&node)) return;
    std::vector<Slot>& mine = slots_[&node];
    if (node.done()) {
      for (const Array& output : node.outputs()) mine.push_back(new_slot(output));
      return;
    }
    if (node.inputs().empty() && node.operation().kind() == Kind::source) {
      fail_in("compile", node.label(),
              "a placeholder of another trace was used; pass the tensor as an argument");
    }
    std::vector<Slot> inputs;
    for (const Value& input : node.inputs()) inputs.push_back(slot(input));
    if (node.operation().cuts()) {  // derivatives have been taken: it is its input
      mine.push_back(inputs[0]);
      return;
    }
    // Equal operations on equal slots are one.
    auto& alike = known_[{node.operation().name(), inputs}];
    for (const std::size_t at : alike) {
      const Program::Instruction& other = program_.instructions_[at];
      const bool equal = &*other.operation == &node.operation() || node.operation().same(*other.operation);
      if (!equal || other.outputs.size() != node.output_count() ||
          !(other.outputs[0].dtype == node.output(0).dtype))
        continue;
      for (std::uint32_t i = 0; i < node.output_count(); ++i) mine.push_back(other.results[i]);
      ++program_.counts_.merged;
      return;
    }
    alike.push_back(program_.instructions_.size());
    Program::Instruction made;
    made.operation = node.operation_ref();
    made.label = Ref<const Label>(node.label());
    made.inputs = std::move(inputs);
    made.outputs.assign(node.outputs().begin(), node.outputs().end());
    for (std::uint32_t i = 0; i < node.output_count(); ++i) mine.push_back(new_slot());
    made.results = mine;
    program_.cost_ += node.operation().cost(node.inputs(), node.outputs());
    program_.instructions_.push_back(std::move(made));
  }

  void mark_last_uses() {
    std::vector<char> needed(program_.start_.size(), 0);
    for (std::size_t i = 0; i < needed.size(); ++i) needed[i] = program_.start_[i].data != nullptr;
    for (const Slot output : program_.outputs_) needed[output] = 1;
    for (const Program::Bound& bound : program_.assigned_) needed[bound.slot] = 1;
    for (std::size_t i = program_.instructions_.size(); i-- > 0;) {
      Program::Instruction& instruction = program_.instructions_[i];
      const auto end = [&](Slot at) {
        if (needed[at] != 0) return;
        needed[at] = 1;
        instruction.last.push_back(at);
      };
      for (const Slot result : instruction.results) end(result);
      for (const Slot input : instruction.inputs) end(input);
    }
  }

  Program& program_;
  std::unordered_map<const Node*, std::vector<Slot>> slots_;
  std::map<std::pair<std::string, std::vector<Slot>>, std::vector<std::size_t>> known_;
};

Program::Program(const TraceState& trace, Inputs outputs) {
  ProgramBuilder(*this, trace, outputs);
}

std::vector<Array> Program::specs() const {
  std::vector<Array> specs = start_;
  for (std::size_t i = 0; i < arguments_.size(); ++i) specs[argument_slots_[i]] = arguments_[i];
  for (const Bound& bound : reads_) {
    specs[bound.slot].dtype = bound.variable->dtype();
    specs[bound.slot].shape = bound.variable->shape();
  }
  for (const Instruction& one : instructions_) {
    for (std::size_t k = 0; k < one.results.size(); ++k) specs[one.results[k]] = one.outputs[k];
  }
  return specs;
}

std::vector<Array> Program::run(std::span<const Array> arguments, const std::function<void()>& poll) const {
  if (arguments.size() != arguments_.size()) {
    fail("compile", std::to_string(arguments.size()) + " tensors were given to a program of " +
                        std::to_string(arguments_.size()));
  }
  std::vector<Array> slots = start_;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].dtype != arguments_[i].dtype || !(arguments[i].shape == arguments_[i].shape)) {
      fail("compile", "argument " + std::to_string(i) + " of shape " + to_string(arguments[i].shape) +
                          " is not of the traced shape " + to_string(arguments_[i].shape) + " or dtype");
    }
    slots[argument_slots_[i]] = arguments[i];
  }
  for (const Bound& bound : reads_) slots[bound.slot] = bound.variable->current().array();
  Ref<Buffer> arena;
  if (counts_.arena_bytes > 0) {
    {
      const std::lock_guard lock(spare_mutex_);
      std::swap(arena, spare_);  // another thread may be at work in it
    }
    if (!arena) arena = Buffer::make(counts_.arena_bytes);
  }
  {
    const Polling polling(poll);
    run(0, instructions_.size() - updates_, slots, arena);
  }
  // The caller may write to what he passed in; results must not follow. Copied before the variables change,
  // behind which nothing may throw.
  std::vector<Array> results(outputs_.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Array& result = slots[outputs_[i]];
    if (!result.buffer || !result.buffer->foreign()) continue;  // an update may still make it
    results[i] = Array::make(result.dtype, result.shape);
    copy_packed(result, results[i].data);
  }
  Overwriter::finish(*this, slots);  // writes over variables: not to be stopped half-way
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].buffer) results[i] = slots[outputs_[i]];
  }
  slots.clear();
  if (arena && arena->unique()) {
    const std::lock_guard lock(spare_mutex_);
    std::swap(arena, spare_);
  }
  return results;
}

void Program::run(std::size_t first, std::size_t end, std::vector<Array>& slots,
                  const Ref<Buffer>& arena) const {
  const bool check = context().check_numerics;
  std::vector<Array> inputs, outputs;
  for (std::size_t i = first; i < end; ++i) {
    const Instruction& instruction = instructions_[i];
    inputs.clear();
    for (const Slot slot : instruction.inputs) inputs.push_back(slots[slot]);
    outputs = instruction.outputs;
    for (std::size_t k = 0; arena && k < outputs.size(); ++k) {
      const std::size_t place = places_[instruction.results[k]];
      if (place == kApart) continue;
      outputs[k].buffer = arena;
      outputs[k].data = arena->data() + place;
    }
    {
      const InLayer layer(instruction.label);
      instruction.operation->run(inputs, outputs);
    }
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      if (check) check_finite(*instruction.operation, instruction.label.get(), outputs[k]);
      slots[instruction.results[k]] = std::move(outputs[k]);
    }
    for (const Slot slot : instruction.last) slots[slot] = Array();
    Polling::check();
  }
}

}  // namespace stochos::tensor
