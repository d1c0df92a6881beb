#include "tensor/compile/overwrite.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace stochos::tensor {
namespace {

// Calls use(output, slot) for each output of an update with the slot that it may overwrite.
template <class Instruction, class Use>
void for_outputs(const Instruction& one, Use&& use) {
  for (std::uint32_t k = 0; k < one.results.size(); ++k)
    use(k, one.inputs[static_cast<std::size_t>(one.operation->overwritten(k))]);
}

}  // namespace

void Overwriter::arrange(Program& program) {
  using Slot = Program::Slot;
  using Instruction = Program::Instruction;
  auto& list = program.instructions_;
  std::unordered_map<Slot, Variable*> read, assigned;
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
    for_outputs(one, [&](std::uint32_t k, Slot slot) {
      const auto from = read.find(slot), to = assigned.find(one.results[k]);
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
    for_outputs(list[i], [&](std::uint32_t, Slot slot) { owner[slot] = i; });
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
  for (const Instruction& one : back) {
    auto& variables = program.overwritten_.emplace_back();
    for_outputs(one, [&](std::uint32_t, Slot slot) { variables.push_back(read.at(slot)); });
  }
  front.insert(front.end(), std::make_move_iterator(back.begin()), std::make_move_iterator(back.end()));
  list = std::move(front);
}

void Overwriter::finish(const Program& program, std::vector<Array>& slots) {
  using Slot = Program::Slot;
  const std::size_t first = program.instructions_.size() - program.updates_;
  const auto assign = [&](auto&& wanted) {
    for (const Program::Bound& bound : program.assigned_) {
      if (wanted(bound.slot)) bound.variable->replace(slots[bound.slot]);
    }
  };
  if (program.updates_ == 0) {
    assign([](Slot) { return true; });
    return;
  }
  // What has to be computed elsewhere comes first: it may fail, and then nothing has been assigned.
  std::vector<std::size_t> in_place;  // numbers of updates
  std::vector<char> elsewhere(slots.size(), 1);
  for (std::size_t u = 0; u < program.updates_; ++u) {
    const auto& one = program.instructions_[first + u];
    bool sole = !context().check_numerics;  // the guard looks at numbers before they are assigned
    for_outputs(one, [&](std::uint32_t k, Slot slot) {
      sole = sole && program.overwritten_[u][k]->sole(slots[slot]);
    });
    if (sole) {
      in_place.push_back(u);
      for (const Slot result : one.results) elsewhere[result] = 0;
    } else {
      program.run(first + u, first + u + 1, slots);
    }
  }
  assign([&](Slot slot) { return elsewhere[slot] != 0; });

  std::vector<std::pair<Variable*, Slot>> held;
  for (const std::size_t u : in_place) {
    for_outputs(program.instructions_[first + u],
                [&](std::uint32_t k, Slot slot) { held.emplace_back(program.overwritten_[u][k], slot); });
  }
  std::sort(held.begin(), held.end(),
            [](const auto& a, const auto& b) { return a.first->id() < b.first->id(); });
  std::vector<Value> leaves;  // the next ones, then the old ones, which die after the locks
  std::vector<std::size_t> late;
  {
    std::unordered_map<Slot, Variable::Hold> holds;
    for (const auto& [variable, slot] : held) holds.emplace(slot, *variable);
    std::vector<Array> inputs, outputs;
    for (const std::size_t u : in_place) {
      const auto& one = program.instructions_[first + u];
      bool sole = true;
      for_outputs(one, [&](std::uint32_t, Slot slot) { sole = sole && holds.at(slot).sole(slots[slot]); });
      if (!sole) {  // somebody took it in the meantime
        late.push_back(u);
        continue;
      }
      inputs.clear();
      outputs.clear();
      const std::size_t own = leaves.size();
      for (const Slot slot : one.inputs) inputs.push_back(slots[slot]);
      for_outputs(one, [&](std::uint32_t, Slot slot) {
        outputs.push_back(slots[slot]);
        leaves.push_back(holds.at(slot).next(slots[slot]));
      });
      one.operation->run(inputs, outputs);
      for_outputs(one, [&](std::uint32_t k, Slot slot) { holds.at(slot).install(leaves[own + k]); });
    }
  }
  for (const std::size_t u : late) {
    program.run(first + u, first + u + 1, slots);
    const auto& results = program.instructions_[first + u].results;
    assign([&](Slot slot) { return std::find(results.begin(), results.end(), slot) != results.end(); });
  }
}

}  // namespace stochos::tensor
