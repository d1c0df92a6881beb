// Computing what nodes stand for.
#pragma once
#include <functional>
#include <vector>

#include "tensor/node.hpp"

namespace stochos::tensor {

class Evaluation {
 public:
  // Collects what is still to be computed, in order. Throws Error when a value stands on a placeholder.
  explicit Evaluation(Inputs values);
  bool empty() const noexcept { return order_.empty(); }
  // Rough total in elementary operations.
  double cost() const noexcept { return cost_; }
  // Computes. `poll` (may be empty) is called every 20 ms between nodes; what it throws ends the run.
  void run(const std::function<void()>& poll = {});

 private:
  std::vector<Ref<Node>> order_;
  double cost_ = 0;
};

inline void evaluate(Inputs values) {
  Evaluation(values).run();
}
inline const Array& evaluated(const Value& value) {
  if (!value.node->done()) evaluate({&value, 1});
  return value.array();
}

// Lets nodes made in a recording drop their inputs once evaluated, as if they had been made outside.
void settle(Inputs values);

// Throws Error "made a NaN" when a float array holds one (or an infinity).
void check_finite(const Operation& operation, const Label* label, const Array& array);

}  // namespace stochos::tensor
