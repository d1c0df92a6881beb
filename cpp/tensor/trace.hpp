// What a traced function did: placeholders for its arguments, the variables it read and the ones it assigned.
#pragma once
#include <cstddef>
#include <vector>

#include "tensor/context.hpp"
#include "tensor/node.hpp"
#include "tensor/variable.hpp"

namespace stochos::tensor {

// A value that has a shape but never a number.
Value placeholder(DType dtype, const Shape& shape);

class TraceState : public Shared {
 public:
  struct Seen {
    Ref<const Variable> variable;
    Ref<Variable> target;  // the same, once it was assigned
    Value start;           // stands for the value before the traced function
    Value now;             // what reads see
    Value assigned;        // what the variable becomes; empty when it was only read
  };

  Value argument(DType dtype, const Shape& shape);
  Value read(const Variable& variable);
  void assign(Variable& variable, const Value& value);

  const std::vector<Value>& arguments() const noexcept { return arguments_; }
  const std::vector<Seen>& variables() const noexcept { return seen_; }

 private:
  Seen& find(const Variable& variable);
  std::vector<Value> arguments_;
  std::vector<Seen> seen_;  // in order of first use
};

// Makes `state` the trace of this thread; a trace within a trace is an Error.
class Tracing {
 public:
  explicit Tracing(TraceState& state);
  ~Tracing() { context().trace = nullptr; }
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;
};

}  // namespace stochos::tensor
