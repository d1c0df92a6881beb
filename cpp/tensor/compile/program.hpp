// A traced function as a list of instructions over numbered slots; replayed without making a node.
#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "tensor/operation.hpp"
#include "tensor/trace.hpp"

namespace stochos::tensor {

class Program : public Shared {
 public:
  // What became of the traced function.
  struct Counts {
    std::size_t operations = 0;   // that its results need, equal ones once
    std::size_t merged = 0;       // equal ones beyond the first
    std::size_t chains = 0;       // of elementwise operations that are one instruction
    std::size_t epilogues = 0;    // matrix products that such a chain is done to block by block
    std::size_t fused = 0;        // operations in both
    std::size_t joined = 0;       // matrix products that became rows of another one
    std::size_t arena_bytes = 0;  // of the one piece of memory for what does not leave the program
    std::size_t apart_bytes = 0;  // that the same would take without a place used twice
  };

  // What the outputs and assignments of the trace need; equal nodes are merged, stop_gradient is gone, what
  // stands on no argument and no variable is computed here. Throws Error when a value is of another trace.
  Program(const TraceState& trace, Inputs outputs);

  // Arguments in the order of the trace, same shapes and dtypes (throws Error(value)). Variables are read at
  // the start and assigned at the end, all of them or, when something throws, none.
  std::vector<Array> run(std::span<const Array> arguments, const std::function<void()>& poll = {}) const;

  std::size_t instruction_count() const noexcept { return instructions_.size(); }
  const Counts& counts() const noexcept { return counts_; }
  // Updates of variables that write over the old numbers where nobody else holds them.
  std::size_t update_count() const noexcept { return updates_; }
  double cost() const noexcept { return cost_; }

 private:
  using Slot = std::uint32_t;
  struct Instruction {
    Ref<const Operation> operation;
    Ref<const Label> label;
    std::vector<Slot> inputs;
    std::vector<Array> outputs;  // dtypes and shapes
    std::vector<Slot> results;   // of the outputs
    std::vector<Slot> last;      // slots that nobody needs afterwards
  };
  struct Bound {
    Ref<Variable> variable;
    Slot slot;
  };
  friend class ProgramBuilder;
  friend class Joiner;
  friend class Fuser;
  friend class Overwriter;
  friend class Arena;
  static constexpr std::size_t kApart = static_cast<std::size_t>(-1);

  std::vector<Array> specs() const;  // dtypes and shapes of the slots
  // Fills the slots of instructions_[first .. last); memory comes from `arena` where the plan says so and it
  // is not empty.
  void run(std::size_t first, std::size_t last, std::vector<Array>& slots,
           const Ref<Buffer>& arena = {}) const;

  std::vector<Instruction> instructions_;
  std::vector<Array> start_;      // constants in their slots, the other slots empty
  std::vector<Array> arguments_;  // dtypes and shapes
  std::vector<Slot> argument_slots_, outputs_;
  std::vector<Bound> reads_, assigned_;
  std::size_t updates_ = 0;  // instructions at the end that may overwrite variables; see overwrite.hpp
  std::vector<std::vector<Variable*>> overwritten_;  // by each of them, in the order of its outputs
  double cost_ = 0;
  Counts counts_;
  std::vector<std::size_t> places_;  // of slots in the arena, or kApart
  mutable std::mutex spare_mutex_;
  mutable Ref<Buffer> spare_;  // the arena of the last replay, for the next
};

}  // namespace stochos::tensor
