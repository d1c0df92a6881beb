// The only mutable thing: a named number that optimisers replace. Its value is a leaf node, one per version.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "tensor/node.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {

// Marks a value as a version of a variable. Without inputs it is the leaf itself (or, in a trace, what stands
// for it); with one, it is the variable after an assignment in a trace: the same number, cut off from its
// past.
class VariableLeaf : public Operation {
 public:
  VariableLeaf(std::uint64_t id, std::uint64_t version, std::string variable, Kind kind, Spec spec)
      : Operation("variable", kind),
        id_(id),
        version_(version),
        variable_(std::move(variable)),
        spec_(spec) {}
  std::uint64_t id() const noexcept { return id_; }
  std::uint64_t version() const noexcept { return version_; }
  const std::string& variable() const noexcept { return variable_; }
  bool cuts() const override { return true; }
  void infer(Inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = spec_.dtype;
    outputs[0].shape = spec_.shape;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override { outputs[0] = inputs[0]; }

 private:
  std::uint64_t id_, version_;
  std::string variable_;
  Spec spec_;
};

class Variable : public Shared {
 public:
  // Evaluates the value and takes a copy of its own unless it is the only holder.
  Variable(const Value& value, std::string name, bool trainable);

  std::uint64_t id() const noexcept { return id_; }
  std::string name() const;
  void rename(std::string name);
  bool trainable() const noexcept { return trainable_.load(std::memory_order_relaxed); }
  void set_trainable(bool trainable) noexcept { trainable_.store(trainable, std::memory_order_relaxed); }
  DType dtype() const noexcept { return dtype_; }
  const Shape& shape() const noexcept { return shape_; }
  std::uint64_t version() const;

  // The value that operations see: of the trace under way, else the current leaf.
  Value read() const;
  // The current leaf, whatever is being traced.
  Value current() const;
  // In a trace: noted there. Else: evaluated and put in place. Throws Error(value) on another shape.
  void assign(const Value& value);

  // Holds the variable still: nobody reads or assigns it meanwhile. Several are taken in the order of their
  // ids.
  class Hold {
   public:
    explicit Hold(Variable& variable) : variable_(&variable), lock_(variable.mutex_) {}
    // Whether the current leaf and the caller's array, which is it, are the only ones that know the memory.
    bool sole(const Array& seen) const;
    // A leaf of the next version, over the array's memory unless that is somebody else's; made beforehand,
    // and put in place.
    Value next(const Array& array) const;
    void install(Value& leaf);

   private:
    Variable* variable_;
    std::unique_lock<std::mutex> lock_;
  };
  // Hold::sole() as it is now, without holding.
  bool sole(const Array& seen) const;

 private:
  Value check(const Value& value) const;
  void install(Array array, std::uint64_t version);
  Value leaf_of(std::string name, Array array, std::uint64_t version) const;

  std::uint64_t id_;
  std::string name_;  // it, the leaf and the version change under mutex_
  std::atomic<bool> trainable_;
  DType dtype_;
  Shape shape_;
  mutable std::mutex mutex_;
  Value leaf_;
  std::uint64_t version_ = 0;
};

}  // namespace stochos::tensor
