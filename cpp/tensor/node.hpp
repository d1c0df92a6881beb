// The graph: immutable nodes, each one operation on the outputs of others. Results are published once.
//
// A node is one allocation: header, inputs, outputs. After evaluation it lets go of its inputs, unless it was
// made while recording, so that long loops outside of a recording keep nothing.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "tensor/array.hpp"
#include "tensor/context.hpp"

namespace stochos::tensor {

class Node;
class Operation;

struct Spec {
  DType dtype = DType::f32;
  Shape shape;
};

// One output of a node.
struct Value {
  Ref<Node> node;
  std::uint32_t index = 0;

  explicit operator bool() const noexcept { return static_cast<bool>(node); }
  inline const Array& array() const noexcept;  // has memory once the node is done
  DType dtype() const noexcept { return array().dtype; }
  const Shape& shape() const noexcept { return array().shape; }
  friend bool operator==(const Value& a, const Value& b) noexcept {
    return a.node == b.node && a.index == b.index;
  }
};

using Inputs = std::span<const Value>;

class Node {
 public:
  // Asks the operation for the outputs' shapes and dtypes; throws what it throws. May evaluate a long chain.
  static Ref<Node> make(Ref<const Operation> operation, Inputs inputs);
  // A node that has its number from the start.
  static Value leaf(Array array);
  static Value leaf(Ref<const Operation> operation, Array array);

  const Operation& operation() const noexcept { return *operation_; }
  const Ref<const Operation>& operation_ref() const noexcept { return operation_; }
  const Label* label() const noexcept { return label_.get(); }
  // Whether the outputs have memory. True also means that it may be read without a lock.
  bool done() const noexcept { return done_.load(std::memory_order_acquire); }
  // Whether it stands on a placeholder and so never has numbers.
  bool symbolic() const noexcept { return symbolic_; }
  // Evaluated, and its inputs let go: no derivative passes here any more.
  bool dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  std::uint32_t output_count() const noexcept { return outputs_; }
  std::span<Array> outputs() noexcept { return {output_data(), outputs_}; }
  std::span<const Array> outputs() const noexcept {
    return {const_cast<Node*>(this)->output_data(), outputs_};
  }
  const Array& output(std::uint32_t i) const noexcept { return const_cast<Node*>(this)->output_data()[i]; }

  void retain() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() const noexcept {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(const_cast<Node*>(this));
  }
  std::uint32_t shares() const noexcept { return count_.load(std::memory_order_acquire); }
  // Under graph_mutex() only: other threads may let go of them.
  Inputs inputs() const noexcept { return {const_cast<Node*>(this)->input_data(), inputs_}; }
  bool marked(std::uint64_t mark) const noexcept { return visited_ == mark; }
  void mark(std::uint64_t mark) noexcept { visited_ = mark; }

 private:
  friend class Evaluation;
  friend class Settling;
  Node(Ref<const Operation> operation, Inputs inputs, std::uint32_t outputs);
  ~Node();
  static Node* allocate(Ref<const Operation> operation, Inputs inputs, std::uint32_t outputs);
  static void destroy(Node* node) noexcept;
  Value* input_data() noexcept { return reinterpret_cast<Value*>(this + 1); }
  Array* output_data() noexcept {
    return reinterpret_cast<Array*>(reinterpret_cast<std::byte*>(this + 1) + capacity_ * sizeof(Value));
  }

  mutable std::atomic<std::uint32_t> count_{0};
  std::atomic<bool> done_{false}, dropped_{false};
  bool symbolic_ = false, keep_ = false;  // keep_ changes under graph_mutex()
  std::uint32_t inputs_ = 0, capacity_ = 0, outputs_ = 0;
  std::atomic<std::uint32_t> depth_{0};  // unevaluated nodes in a row below
  std::uint64_t visited_ = 0;            // mark of the last walk, under graph_mutex()
  Ref<const Operation> operation_;
  Ref<const Label> label_;
};

inline const Array& Value::array() const noexcept {
  return node->output(index);
}

// A node's result; for operations with one output.
Value apply(Ref<const Operation> operation, Inputs inputs);
inline Value apply(Ref<const Operation> operation, std::initializer_list<Value> inputs) {
  return apply(std::move(operation), Inputs{inputs.begin(), inputs.size()});
}

// Guards inputs and marks of every node; held for walks, never while computing.
std::mutex& graph_mutex() noexcept;

}  // namespace stochos::tensor
