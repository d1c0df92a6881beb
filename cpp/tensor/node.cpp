#include "tensor/node.hpp"

#include <algorithm>
#include <cstdint>
#include <new>

#include "base/os.hpp"
#include "tensor/evaluate.hpp"
#include "tensor/operation.hpp"
#include "tensor/walk.hpp"

namespace stochos::tensor {
namespace {

// A longer chain of unevaluated nodes is computed at once, outside of recordings.
constexpr std::uint32_t kLongestChain = 4096;

class Leaf : public Operation {
 public:
  Leaf() : Operation("tensor", Kind::source) {}
  void infer(Inputs, std::span<Array>) const override {}
  void run(std::span<const Array>, std::span<Array>) const override {}
};

}  // namespace

std::mutex& graph_mutex() noexcept {
  // Held across a fork, so that the child finds it free.
  static std::mutex* made = [] {
    static std::mutex mutex;
    os::at_fork([] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); });
    return &mutex;
  }();
  return *made;
}

std::uint64_t next_mark() noexcept {
  static std::uint64_t mark = 0;
  return ++mark;
}

Node::Node(Ref<const Operation> operation, Inputs inputs, std::uint32_t outputs)
    : inputs_(static_cast<std::uint32_t>(inputs.size())),
      capacity_(static_cast<std::uint32_t>(inputs.size())),
      outputs_(outputs),
      operation_(std::move(operation)) {
  std::uninitialized_copy(inputs.begin(), inputs.end(), input_data());
  std::uninitialized_default_construct_n(output_data(), outputs);
}

Node::~Node() {
  std::destroy_n(input_data(), inputs_);
  std::destroy_n(output_data(), outputs_);
}

Node* Node::allocate(Ref<const Operation> operation, Inputs inputs, std::uint32_t outputs) {
  static_assert(sizeof(Node) % alignof(Array) == 0 && sizeof(Value) % alignof(Array) == 0);
  void* memory = ::operator new(sizeof(Node) + inputs.size() * sizeof(Value) + outputs * sizeof(Array));
  return new (memory) Node(std::move(operation), inputs, outputs);
}

void Node::destroy(Node* node) noexcept {
  // Inputs die with their last user: a long chain must not be a deep recursion. Those that wait are chained
  // through their own mark, which nobody looks at any more: letting go takes no memory.
  thread_local bool at_work = false;
  thread_local Node* waiting = nullptr;
  static_assert(sizeof(node->visited_) >= sizeof(Node*));
  if (at_work) {
    node->visited_ = reinterpret_cast<std::uintptr_t>(waiting);
    waiting = node;
    return;
  }
  at_work = true;
  for (;;) {
    node->~Node();
    ::operator delete(node);
    if (waiting == nullptr) break;
    node = waiting;
    waiting = reinterpret_cast<Node*>(static_cast<std::uintptr_t>(node->visited_));
  }
  at_work = false;
}

Ref<Node> Node::make(Ref<const Operation> operation, Inputs inputs) {
  const Operation& what = *operation;
  const Context& here = context();
  Ref<Node> node(allocate(std::move(operation), inputs, what.output_count()));
  what.infer(inputs, node->outputs());
  node->keep_ = here.recording > 0;
  node->label_ = here.label;
  std::uint32_t depth = 0;
  for (const Value& input : inputs) {
    node->symbolic_ |= input.node->symbolic_;
    if (!input.node->done()) depth = std::max(depth, input.node->depth_.load(std::memory_order_relaxed));
  }
  node->depth_.store(depth + 1, std::memory_order_relaxed);
  if (what.kind() == Kind::source && inputs.empty()) node->symbolic_ = true;
  if (depth + 1 > kLongestChain && !node->keep_ && !node->symbolic_) {
    const Value whole{node, 0};
    evaluate({&whole, 1});
  }
  return node;
}

Value Node::leaf(Ref<const Operation> operation, Array array) {
  Ref<Node> node(allocate(std::move(operation), {}, 1));
  node->outputs()[0] = std::move(array);
  node->done_.store(true, std::memory_order_release);
  return {std::move(node), 0};
}

Value Node::leaf(Array array) {
  return leaf(single<Leaf>(), std::move(array));
}

Value apply(Ref<const Operation> operation, Inputs inputs) {
  return {Node::make(std::move(operation), inputs), 0};
}

}  // namespace stochos::tensor
