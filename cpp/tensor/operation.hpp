// What a node does: its shapes, its value and its derivative, in one place.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "tensor/node.hpp"

namespace stochos::tensor {

// One call of the chain rule backwards. `result[i]` is to be filled for inputs with needed[i]; left empty it
// is zero. Cotangents may be empty (zero). Rules are written with operations, so that they have derivatives
// too.
struct Vjp {
  Inputs inputs, outputs, cotangents;
  const bool* needed;
  Value* result;
};

// How the optimiser of traces sees an operation.
enum class Kind : std::uint8_t { other, unary, binary, compare, select, cast, view, source, product };

class Operation : public Shared {
 public:
  explicit Operation(const char* name, Kind kind = Kind::other) : name_(name), kind_(kind) {}
  const char* name() const noexcept { return name_; }
  Kind kind() const noexcept { return kind_; }
  virtual std::uint32_t output_count() const { return 1; }
  // Fills one Array of shape and dtype per output (no memory). Throws Error with the shapes.
  virtual void infer(Inputs inputs, std::span<Array> outputs) const = 0;
  // Fills the outputs' memory; a view may share an input's.
  virtual void run(std::span<const Array> inputs, std::span<Array> outputs) const = 0;
  // No derivative unless overridden.
  virtual void vjp(Vjp& call) const { (void)call; }
  // Of an update: its inputs whose memory its outputs, in this order, may take; -1 is none. run() then finds
  // memory in the outputs already.
  virtual int overwritten(std::uint32_t output) const {
    (void)output;
    return -1;
  }
  // Whether outputs are parts of one another, so that a program cannot choose their memory.
  virtual bool entwined() const { return false; }
  // Whether derivatives end here.
  virtual bool cuts() const { return false; }
  // Equal operations on equal inputs give equal values. Called with an operation of the same name.
  virtual bool same(const Operation& other) const { return this == &other; }
  // Of a unary, binary, compare or select operation: its number in kernels/elementwise_codes.hpp.
  virtual int code() const { return -1; }
  // Rough cost in elementary operations, to choose between threads and the caller.
  virtual double cost(Inputs inputs, std::span<const Array> outputs) const {
    (void)inputs;
    return outputs.empty() ? 0.0 : static_cast<double>(outputs[0].size());
  }

 private:
  const char* name_;
  Kind kind_;
};

// An operation without attributes exists once.
template <class T, class... Arguments>
Ref<const Operation> single(Arguments... arguments) {
  static const Ref<const Operation> made(new T(arguments...));
  return made;
}

}  // namespace stochos::tensor
