#include "tensor/compile/overwrite.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace stochos::tensor {
namespace {

// Calls use(output, input) for each output of an update with the number of the input that it may overwrite.
template <class Instruction, class Use>
void for_outputs(const Instruction& one, Use&& use) {
  for (std::uint32_t k = 0; k < one.results.size(); ++k)
    use(k, static_cast<std::size_t>(one.operation->overwritten(k)));
}

}  // namespace

void Overwriter::arrange(Program& program) {
  using Slot = Program::Slot;
  using Instruction = Program::Instruction;
  auto& list = program.instructions_;
  std::unordered_map<Slot, const Variable*> read, assigned;
  std::unordered_map<Slot, std::size_t> uses;  // of a slot, by instructions, outputs and assignments
  for (const Instruction& one : list) {
    for (const Slot slot : one.inputs) ++uses[slot];
  }
  for (const Slot slot : program.outputs_) ++uses[slot];
  for (const Program::Bound& bound : program.assigned_) {
    ++uses[bound.slot];
    assigned[bound.slot] = bound.variable.get();
  }
  for (const Program::Bound& bound : program.reads_) read[bound.slot] = bound.variable.get();

  const auto fits = [&](const Instruction& one) {
    if (one.operation->overwritten(0) < 0) return false;
    bool fine = true;
    for_outputs(one, [&](std::uint32_t k, std::size_t input) {
      const auto from = read.find(one.inputs[input]), to = assigned.find(one.results[k]);
      fine = fine && from != read.end() && to != assigned.end() && from->second == to->second &&
             uses[one.results[k]] == 1;
    });
    return fine;
  };
  std::vector<char> last(list.size(), 0);
  std::unordered_map<Slot, std::size_t> owner;  // slot of a variable → the update that overwrites it
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!fits(list[i])) continue;
    last[i] = 1;
    for_outputs(list[i], [&](std::uint32_t, std::size_t input) { owner[list[i].inputs[input]] = i; });
  }
  // An update that reads what another one overwrites, or that returns old numbers, is left where it is.
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (last[i] == 0) continue;
    for (const Slot slot : list[i].inputs) {
      const auto found = owner.find(slot);
      if (found != owner.end() && found->second != i) last[found->second] = last[i] = 0;
    }
  }
  for (const Slot slot : program.outputs_) {
    const auto found = owner.find(slot);
    if (found != owner.end()) last[found->second] = 0;
  }
  for (const Program::Bound& bound : program.assigned_) {
    const auto found = owner.find(bound.slot);
    if (found != owner.end()) last[found->second] = 0;
  }
  std::vector<Instruction> front, back;
  for (std::size_t i = 0; i < list.size(); ++i) (last[i] != 0 ? back : front).push_back(std::move(list[i]));
  program.updates_ = back.size();
  front.insert(front.end(), std::make_move_iterator(back.begin()), std::make_move_iterator(back.end()));
  list = std::move(front);
}

void Overwriter::finish(const Program& program, std::vector<Array>& slots) {
  using Slot = Program::Slot;
  using Instruction = Program::Instruction;
  const std::size_t first = program.instructions_.size() - program.updates_;
  std::unordered_map<Slot, Variable*> variables;
  for (const Program::Bound& bound : program.reads_) variables[bound.slot] = bound.variable.get();

  // What has to be computed elsewhere comes first: it may fail, and then nothing has been assigned.
  std::vector<const Instruction*> in_place;
  std::vector<char> elsewhere(slots.size(), 1);
  for (std::size_t i = first; i < program.instructions_.size(); ++i) {
    const Instruction& one = program.instructions_[i];
    bool sole = !context().check_numerics;  // the guard looks at numbers before they are assigned
    for_outputs(one, [&](std::uint32_t, std::size_t input) {
      sole = sole && variables[one.inputs[input]]->sole(slots[one.inputs[input]]);
    });
    if (sole) {
      in_place.push_back(&one);
      for (const Slot result : one.results) elsewhere[result] = 0;
    } else {
      program.run(i, i + 1, slots, {});
    }
  }
  for (const Program::Bound& bound : program.assigned_) {
    if (elsewhere[bound.slot] != 0) bound.variable->replace(slots[bound.slot]);
  }
  if (in_place.empty()) return;

  std::vector<std::pair<Variable*, Slot>> held;
  for (const Instruction* one : in_place) {
    for_outputs(*one, [&](std::uint32_t, std::size_t input) {
      held.emplace_back(variables[one->inputs[input]], one->inputs[input]);
    });
  }
  std::sort(held.begin(), held.end(),
            [](const auto& a, const auto& b) { return a.first->id() < b.first->id(); });
  std::vector<Value> old;  // dies after the locks
  std::vector<const Instruction*> late;
  {
    std::unordered_map<Slot, Variable::Hold> holds;
    for (const auto& [variable, slot] : held) holds.emplace(slot, *variable);
    for (const Instruction* one : in_place) {
      bool sole = true;
      for_outputs(*one, [&](std::uint32_t, std::size_t input) {
        sole = sole && holds.at(one->inputs[input]).sole(slots[one->inputs[input]]);
      });
      if (!sole) {  // somebody took it in the meantime
        late.push_back(one);
        continue;
      }
      std::vector<Array> inputs, outputs(one->results.size());
      for (const Slot slot : one->inputs) inputs.push_back(slots[slot]);
      for_outputs(*one, [&](std::uint32_t k, std::size_t input) {
        outputs[k] = slots[one->inputs[input]];
        old.push_back(holds.at(one->inputs[input]).next(outputs[k]));
      });
      one->operation->run(inputs, outputs);
      for_outputs(*one, [&](std::uint32_t k, std::size_t input) {
        holds.at(one->inputs[input]).install(old[old.size() - one->results.size() + k]);
      });
    }
  }
  for (const Instruction* one : late) {
    const auto i = static_cast<std::size_t>(one - program.instructions_.data());
    program.run(i, i + 1, slots, {});
    for (const Program::Bound& bound : program.assigned_) {
      if (std::find(one->results.begin(), one->results.end(), bound.slot) != one->results.end())
        bound.variable->replace(slots[bound.slot]);
    }
  }
}

}  // namespace stochos::tensor
