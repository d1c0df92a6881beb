#include "tensor/compile/overwrite.hpp"

#include <algorithm>
#include <exception>
#include <unordered_map>
#include <utility>

#include "tensor/context.hpp"

namespace stochos::tensor {
namespace {

// Calls use(output, slot) for each output of an update with the slot that it may overwrite.
template <class Instruction, class Use>
void for_outputs(const Instruction& one, Use&& use) {
  for (std::uint32_t k = 0; k < one.results.size(); ++k)
    use(k, one.inputs[static_cast<std::size_t>(one.operation->overwritten(k))]);
}

// With inputs and outputs that have their memory, only the threads could not be had: then it is done without
// them.
void write_over(const Operation& operation, std::span<const Array> inputs, std::span<Array> outputs) {
  try {
    operation.run(inputs, outputs);
  } catch (const std::exception&) {
    const Alone alone;
    operation.run(inputs, outputs);
  }
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
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Next {  // of one variable
    Variable* variable;
    Slot slot;                   // of the number that it gets
    std::size_t update = kNone;  // that may write it over the old one, in `old`
    Slot old = 0;
  };
  std::vector<Next> items;
  items.reserve(program.assigned_.size());
  for (const Program::Bound& bound : program.assigned_) items.push_back({bound.variable.get(), bound.slot});
  // All variables are held together, in the order of their ids.
  std::sort(items.begin(), items.end(),
            [](const Next& a, const Next& b) { return a.variable->id() < b.variable->id(); });
  std::vector<std::size_t> item_of(slots.size(), kNone);
  for (std::size_t i = 0; i < items.size(); ++i) item_of[items[i].slot] = i;

  const std::size_t first = program.instructions_.size() - program.updates_;
  std::vector<char> elsewhere(program.updates_, 0);  // computed into memory of its own
  const auto compute = [&](std::size_t u) {
    program.run(first + u, first + u + 1, slots);
    elsewhere[u] = 1;
  };
  for (std::size_t u = 0; u < program.updates_; ++u) {
    const auto& one = program.instructions_[first + u];
    bool sole = !context().check_numerics;  // the guard looks at numbers before they are assigned
    for_outputs(one, [&](std::uint32_t k, Slot slot) {
      sole = sole && program.overwritten_[u][k]->sole(slots[slot]);
      items[item_of[one.results[k]]].update = u;
      items[item_of[one.results[k]]].old = slot;
    });
    if (!sole) compute(u);
  }

  const auto over = [&](const Next& item) { return item.update != kNone && elsewhere[item.update] == 0; };
  std::vector<Value> leaves(items.size());  // the next ones, then the old ones, which die after the locks
  std::vector<std::vector<Array>> inputs(program.updates_), outputs(program.updates_);
  for (;;) {
    std::vector<Variable::Hold> holds;
    holds.reserve(items.size());
    for (const Next& item : items) holds.emplace_back(*item.variable);
    std::size_t taken = kNone;  // by somebody, in the meantime
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (over(items[i]) && !holds[i].sole(slots[items[i].old])) taken = items[i].update;
    }
    if (taken != kNone) {
      holds.clear();
      compute(taken);
      continue;
    }
    // Everything that can fail comes first, and then nothing has been assigned.
    for (std::size_t i = 0; i < items.size(); ++i)
      leaves[i] = holds[i].next(slots[over(items[i]) ? items[i].old : items[i].slot]);
    for (std::size_t u = 0; u < program.updates_; ++u) {
      if (elsewhere[u] != 0) continue;
      const auto& one = program.instructions_[first + u];
      for (const Slot slot : one.inputs) inputs[u].push_back(slots[slot].packed());
      for_outputs(one, [&](std::uint32_t, Slot slot) { outputs[u].push_back(slots[slot]); });
    }
    for (std::size_t u = 0; u < program.updates_; ++u) {
      if (elsewhere[u] == 0) write_over(*program.instructions_[first + u].operation, inputs[u], outputs[u]);
    }
    for (std::size_t i = 0; i < items.size(); ++i) holds[i].install(leaves[i]);
    return;
  }
}

}  // namespace stochos::tensor
