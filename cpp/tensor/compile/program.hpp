// A traced function as a list of instructions over numbered slots; replayed without making a node.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tensor/operation.hpp"
#include "tensor/trace.hpp"

namespace stochos::tensor {

class Program : public Shared {
 public:
  // What the outputs and assignments of the trace need; equal nodes are merged, stop_gradient is gone, what
  // stands on no argument and no variable is computed here. Throws Error when a value is of another trace.
  Program(const TraceState& trace, Inputs outputs);

  // Arguments in the order of the trace, same shapes and dtypes (throws Error(value)). Variables are read at
  // the start and assigned at the end, all of them or, when something throws, none.
  std::vector<Array> run(std::span<const Array> arguments, const std::function<void()>& poll = {}) const;

  std::size_t instruction_count() const noexcept { return instructions_.size(); }
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
  friend class Fuser;
  friend class Overwriter;

  // Fills the slots of instructions_[first .. last).
  void run(std::size_t first, std::size_t last, std::vector<Array>& slots,
           const std::function<void()>& poll) const;

  std::vector<Instruction> instructions_;
  std::vector<Array> start_;      // constants in their slots, the other slots empty
  std::vector<Array> arguments_;  // dtypes and shapes
  std::vector<Slot> argument_slots_, outputs_;
  std::vector<Bound> reads_, assigned_;
  std::size_t updates_ = 0;  // instructions at the end that may overwrite variables; see overwrite.hpp
  std::vector<std::vector<Variable*>> overwritten_;  // by each of them, in the order of its outputs
  double cost_ = 0;
};

}  // namespace stochos::tensor
