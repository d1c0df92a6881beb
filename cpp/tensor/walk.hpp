// Walks over the graph, inputs before users, without recursion.
#pragma once
#include <utility>
#include <vector>

#include "tensor/node.hpp"

namespace stochos::tensor {

// A fresh mark; under graph_mutex().
std::uint64_t next_mark() noexcept;

// Calls visit(node) once for every node with enter(node) that is reached from `values` through such nodes,
// after those of its inputs. Under graph_mutex(). A visit may take a node's inputs away: they have been
// walked.
template <class Enter, class Visit>
void walk(Inputs values, Enter&& enter, Visit&& visit) {
  const std::uint64_t mark = next_mark();
  std::vector<std::pair<Node*, std::size_t>> stack;
  const auto reach = [&](Node* node) {
    if (node->marked(mark) || !enter(std::as_const(*node))) return;
    node->mark(mark);
    stack.emplace_back(node, 0);
  };
  for (const Value& value : values) {
    reach(value.node.get());
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      const Inputs inputs = node->inputs();
      if (next < inputs.size()) {
        reach(inputs[next++].node.get());  // may move the stack: node and next are stale now
      } else {
        Node* finished = node;
        stack.pop_back();
        visit(*finished);
      }
    }
  }
}

}  // namespace stochos::tensor
