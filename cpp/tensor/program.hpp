// A traced function as a list of instructions that runs without Python and without a graph.
#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "tensor/operation.hpp"
#include "tensor/trace.hpp"

namespace stochos::tensor {

class Program : public Shared {
 public:
  // Of a trace that is over. Tensors made outside of the traced function are constants, computed here. Throws
  // Error(value) when a result stands on another trace.
  Program(const TraceState& trace, Inputs results);

  // Reads the variables as they are now, computes, and only then assigns. `poll` as in Evaluation::run.
  // Throws Error(value) when the arguments have other shapes or dtypes than in the trace. May run on several
  // threads.
  std::vector<Array> run(std::span<const Array> arguments, const std::function<void()>& poll = {}) const;
  std::size_t instruction_count() const noexcept { return instructions_.size(); }

 private:
  struct Instruction {
    Ref<const Operation> operation;
    Ref<const Label> label;
    std::vector<std::size_t> inputs;    // slots
    std::size_t first = 0;              // slot of the first output
    std::vector<Array> outputs;         // shape and dtype
    std::vector<std::size_t> finished;  // slots that nobody reads afterwards
  };
  struct Read {
    Ref<const Variable> variable;
    std::size_t slot;
  };
  struct Write {
    Ref<Variable> variable;
    std::size_t slot;
  };
  struct Constant {
    Array array;
    std::size_t slot;
  };

  void find_ends();

  std::size_t slots_ = 0;
  std::vector<Spec> arguments_;  // in the first slots
  std::vector<Read> reads_;
  std::vector<Constant> constants_;
  std::vector<Instruction> instructions_;
  std::vector<Write> writes_;
  std::vector<std::size_t> results_;
};

}  // namespace stochos::tensor
