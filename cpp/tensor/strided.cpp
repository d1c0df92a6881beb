#include "tensor/strided.hpp"

namespace stochos::tensor {

RowPlan plan_rows(const Shape& shape, std::span<const Array* const> operands) {
  const std::size_t count = operands.size();
  RowPlan plan;
  Shape joined;
  std::array<Strides, kMostOperands> steps{};  // elements, axis by axis of `joined`
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const auto a = static_cast<std::size_t>(axis);
    const auto last = static_cast<std::size_t>(joined.rank() - 1);
    bool runs_on = joined.rank() > 0;
    for (std::size_t k = 0; runs_on && k < count; ++k)
      runs_on = steps[k][last] == operands[k]->strides[a] * shape[axis];
    if (runs_on) {
      joined[joined.rank() - 1] *= shape[axis];
      for (std::size_t k = 0; k < count; ++k) steps[k][last] = operands[k]->strides[a];
    } else {
      for (std::size_t k = 0; k < count; ++k)
        steps[k][static_cast<std::size_t>(joined.rank())] = operands[k]->strides[a];
      joined.push(shape[axis]);
    }
  }
  if (joined.rank() > 0) {
    const auto last = static_cast<std::size_t>(joined.rank() - 1);
    plan.row = joined[joined.rank() - 1];
    for (std::size_t k = 0; k < count; ++k) plan.row_strides[k] = steps[k][last];
    joined.erase(joined.rank() - 1);
  }
  plan.shape = joined;
  for (std::size_t k = 0; k < count; ++k) {
    for (int axis = 0; axis < joined.rank(); ++axis) {
      const auto a = static_cast<std::size_t>(axis);
      plan.strides[k][a] = steps[k][a] * static_cast<std::int64_t>(item_size(operands[k]->dtype));
    }
  }
  return plan;
}

}  // namespace stochos::tensor
