#include "tensor/evaluate.hpp"

#include <array>
#include <cmath>
#include <string>

#include "tensor/operation.hpp"
#include "tensor/walk.hpp"

namespace stochos::tensor {
namespace {

template <class T>
bool all_finite(const Array& array) {
  const T* values = array.as<T>();
  T sum = 0;  // x - x is 0 for finite x, else NaN: one pass without branches
  for (std::int64_t i = 0, n = array.size(); i < n; ++i) sum += values[i] - values[i];
  return sum == 0;
}

}  // namespace

void check_finite(const Operation& operation, const Label* label, const Array& array) {
  if (!is_float(array.dtype)) return;
  const Array packed = array.packed();
  const bool fine = array.dtype == DType::f32 ? all_finite<float>(packed) : all_finite<double>(packed);
  if (fine) return;
  fail_in(operation.name(), label,
          "the result of shape " + to_string(array.shape) +
              " holds a NaN or an infinity, the first one made; look at the inputs of this operation");
}

Evaluation::Evaluation(Inputs values) {
  const std::lock_guard lock(graph_mutex());
  walk(
      values, [](const Node& node) { return !node.done(); },
      [&](Node& node) {
        if (node.symbolic()) {
          order_.clear();
          fail_in(
              node.operation().name(), node.label(),
              "this tensor stands on a placeholder or is being traced by nn.compile and has no numbers yet; "
              "ask for them outside of the traced function, or return the tensor from it",
              ErrorKind::type);
        }
        cost_ += node.operation().cost(node.inputs(), node.outputs());
        order_.emplace_back(&node);
      });
}

void Evaluation::run(const std::function<void()>& poll) {
  const Polling polling(poll);
  const bool check = context().check_numerics;
  std::vector<Array> inputs, outputs;
  std::vector<Value> freed;
  for (Ref<Node>& item : order_) {
    if (item->done()) continue;
    Node& node = *item;
    inputs.clear();
    {
      // Another thread may finish the node just now and let its inputs go.
      const std::lock_guard lock(graph_mutex());
      if (node.done()) continue;
      for (const Value& input : node.inputs()) inputs.push_back(input.array());
    }
    outputs.assign(node.outputs().begin(), node.outputs().end());
    try {
      const InLayer layer(node.label_);
      node.operation_->run(inputs, outputs);
    } catch (const std::bad_alloc&) {
      fail_in(node.operation().name(), node.label(), "there is not enough memory", ErrorKind::memory);
    }
    if (check) {
      for (const Array& output : outputs) check_finite(node.operation(), node.label(), output);
    }
    {
      const std::lock_guard lock(graph_mutex());
      if (!node.done()) {
        for (std::size_t i = 0; i < outputs.size(); ++i) node.outputs()[i] = std::move(outputs[i]);
        node.depth_.store(0, std::memory_order_relaxed);
        node.done_.store(true, std::memory_order_release);
        if (!node.keep_) {
          for (std::uint32_t i = 0; i < node.inputs_; ++i) freed.push_back(std::move(node.input_data()[i]));
          std::destroy_n(node.input_data(), node.inputs_);
          node.dropped_.store(node.inputs_ > 0, std::memory_order_relaxed);
          node.inputs_ = 0;
        }
      }
    }
    // Outside of the lock: the last share of a buffer may need Python to let go.
    freed.clear();
    inputs.clear();
    outputs.clear();
    item = nullptr;
    Polling::check();
  }
  order_.clear();
}

class Settling {
 public:
  static void run(Inputs values, std::vector<Value>& freed) {
    walk(
        values, [](const Node& node) { return node.keep_; },
        [&](Node& node) {
          node.keep_ = false;
          if (!node.done()) return;
          for (std::uint32_t i = 0; i < node.inputs_; ++i) freed.push_back(std::move(node.input_data()[i]));
          std::destroy_n(node.input_data(), node.inputs_);
          node.dropped_.store(node.inputs_ > 0, std::memory_order_relaxed);
          node.inputs_ = 0;
        });
  }
};

void settle(Inputs values) {
  std::vector<Value> freed;  // dies after the lock
  const std::lock_guard lock(graph_mutex());
  Settling::run(values, freed);
}

}  // namespace stochos::tensor
