#include "tensor/compile/arena.hpp"

#include <algorithm>
#include <map>

namespace stochos::tensor {
namespace {

constexpr std::size_t kLine = 64;  // bytes: what Buffer promises too

// Holes between the places in use, by where they begin.
class Holes {
 public:
  // The smallest hole that fits, else room at the end.
  std::size_t take(std::size_t bytes) {
    auto best = holes_.end();
    for (auto hole = holes_.begin(); hole != holes_.end(); ++hole) {
      if (hole->second >= bytes && (best == holes_.end() || hole->second < best->second)) best = hole;
    }
    if (best != holes_.end()) {
      const auto [at, size] = *best;
      holes_.erase(best);
      if (size > bytes) holes_[at + bytes] = size - bytes;
      return at;
    }
    std::size_t at = end_;
    if (!holes_.empty()) {
      const auto last = std::prev(holes_.end());
      if (last->first + last->second == end_) {
        at = last->first;
        holes_.erase(last);
      }
    }
    end_ = at + bytes;
    return at;
  }
  void give(std::size_t at, std::size_t bytes) {
    auto hole = holes_.emplace(at, bytes).first;
    const auto next = std::next(hole);
    if (next != holes_.end() && hole->first + hole->second == next->first) {
      hole->second += next->second;
      holes_.erase(next);
    }
    if (hole == holes_.begin()) return;
    const auto before = std::prev(hole);
    if (before->first + before->second != hole->first) return;
    before->second += hole->second;
    holes_.erase(hole);
  }
  std::size_t end() const { return end_; }

 private:
  std::map<std::size_t, std::size_t> holes_;
  std::size_t end_ = 0;
};

}  // namespace

void Arena::plan(Program& program) {
  using Slot = Program::Slot;
  const std::size_t slots = program.start_.size(), count = program.instructions_.size();
  const std::size_t updates_from = count - program.updates_;
  constexpr std::size_t kNever = static_cast<std::size_t>(-1);
  std::vector<Slot> owner(slots);           // whose memory a slot is seen through
  std::vector<std::size_t> last(slots, 0);  // instruction after which nobody reads an owner
  std::vector<char> leaves(slots, 1);       // owners that leave the program, or were there before it
  for (Slot slot = 0; slot < slots; ++slot) owner[slot] = slot;
  for (std::size_t i = 0; i < count; ++i) {
    Program::Instruction& one = program.instructions_[i];
    for (const Slot input : one.inputs) last[owner[input]] = i < updates_from ? i : kNever;
    const bool view = one.operation->kind() == Kind::view;
    for (std::size_t k = 0; k < one.results.size(); ++k) {
      const Slot result = one.results[k];
      if (view) {
        owner[result] = owner[one.inputs[0]];
      } else {
        leaves[result] = i >= updates_from || one.operation->entwined();
        last[result] = std::max(last[result], i);
      }
      one.outputs[k].strides = row_major(one.outputs[k].shape);
    }
  }
  for (const Slot slot : program.outputs_) leaves[owner[slot]] = 1;
  for (const Program::Bound& bound : program.assigned_) leaves[owner[bound.slot]] = 1;

  std::vector<std::vector<Slot>> ends(count);
  program.places_.assign(slots, Program::kApart);
  Holes holes;
  const auto bytes_of = [](const Array& array) {
    return (static_cast<std::size_t>(array.size()) * item_size(array.dtype) + kLine - 1) / kLine * kLine;
  };
  std::vector<std::size_t> bytes(slots, 0);
  for (std::size_t i = 0; i < updates_from; ++i) {
    const Program::Instruction& one = program.instructions_[i];
    for (std::size_t k = 0; k < one.results.size(); ++k) {
      const Slot result = one.results[k];
      if (owner[result] != result || leaves[result] != 0) continue;
      bytes[result] = std::max(kLine, bytes_of(one.outputs[k]));
      program.places_[result] = holes.take(bytes[result]);
      program.counts_.apart_bytes += bytes[result];
      if (last[result] < count) ends[last[result]].push_back(result);
    }
    for (const Slot slot : ends[i]) holes.give(program.places_[slot], bytes[slot]);
  }
  program.counts_.arena_bytes = holes.end();
}

}  // namespace stochos::tensor
