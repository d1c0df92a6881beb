// Operations that move no numbers: reshape, transpose, broadcast.
#include <algorithm>
#include <vector>

#include "tensor/functions.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

class Reshape : public Operation {
 public:
  explicit Reshape(const Shape& shape) : Operation("reshape", Kind::view), shape_(shape) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    if (inputs[0].shape().size() != shape_.size()) {
      fail(name(), "a tensor of shape " + to_string(inputs[0].shape()) +
                       " has not the number of elements of " + to_string(shape_));
    }
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = shape_;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    outputs[0] = inputs[0].packed().view(shape_, row_major(shape_));
  }
  void vjp(Vjp& call) const override { call.result[0] = reshape(call.cotangents[0], call.inputs[0].shape()); }
  bool same(const Operation& other) const override {
    return shape_ == static_cast<const Reshape&>(other).shape_;
  }

 private:
  Shape shape_;
};

class Transpose : public Operation {
 public:
  explicit Transpose(std::span<const int> order)
      : Operation("transpose", Kind::view), order_(order.begin(), order.end()) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    for (const int axis : order_) outputs[0].shape.push(inputs[0].shape()[axis]);
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    Strides strides{};
    for (std::size_t i = 0; i < order_.size(); ++i)
      strides[i] = inputs[0].strides[static_cast<std::size_t>(order_[i])];
    outputs[0] = inputs[0].view(outputs[0].shape, strides);
  }
  void vjp(Vjp& call) const override {
    std::vector<int> back(order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i)
      back[static_cast<std::size_t>(order_[i])] = static_cast<int>(i);
    call.result[0] = transpose(call.cotangents[0], back);
  }
  bool same(const Operation& other) const override {
    return order_ == static_cast<const Transpose&>(other).order_;
  }

 private:
  std::vector<int> order_;
};

class BroadcastTo : public Operation {
 public:
  explicit BroadcastTo(const Shape& shape) : Operation("broadcast_to", Kind::view), shape_(shape) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    Shape both;
    if (!try_broadcast(inputs[0].shape(), shape_, both) || !(both == shape_)) {
      fail(name(), "shape " + to_string(inputs[0].shape()) + " does not stretch to " + to_string(shape_));
    }
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = shape_;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    outputs[0] = inputs[0].broadcast_to(shape_);
  }
  void vjp(Vjp& call) const override { call.result[0] = sum_to(call.cotangents[0], call.inputs[0].shape()); }
  bool same(const Operation& other) const override {
    return shape_ == static_cast<const BroadcastTo&>(other).shape_;
  }

 private:
  Shape shape_;
};

}  // namespace

Value reshape(const Value& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return apply(make<const Reshape>(shape), {x});
}

Value transpose(const Value& x, std::span<const int> order) {
  if (std::is_sorted(order.begin(), order.end())) return x;
  return apply(make<const Transpose>(order), {x});
}

Value fresh(const Value& x) {
  return apply(make<const Reshape>(x.shape()), {x});
}

Value reshape_with(const Value& x, const Shape& shape) {
  Shape full = shape;
  int open = -1;
  std::int64_t known = 1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] >= 0) {
      known *= shape[i];
    } else if (shape[i] == -1 && open < 0) {
      open = i;
    } else {
      fail("reshape", "shape " + to_string(shape) + " has a negative size; only one may be -1");
    }
  }
  if (open >= 0) {
    if (known == 0 || x.shape().size() % known != 0) {
      fail("reshape", "a tensor of shape " + to_string(x.shape()) + " has not a number of elements for " +
                          to_string(shape));
    }
    full[open] = x.shape().size() / known;
  }
  return reshape(x, full);
}

Value transpose_with(const Value& x, std::span<const std::int64_t> axes) {
  const int rank = x.shape().rank();
  std::vector<int> order;
  std::uint32_t seen = 0;
  for (const std::int64_t axis : axes) {
    order.push_back(normal_axis("transpose", axis, rank));
    seen |= 1U << order.back();
  }
  if (static_cast<int>(order.size()) != rank || seen != (1U << rank) - 1) {
    fail("transpose", "the axes given do not name each of the " + std::to_string(rank) + " axes of shape " +
                          to_string(x.shape()) + " once");
  }
  return transpose(x, order);
}

Value swap_last(const Value& x) {
  return move_axis(x, x.shape().rank() - 1, x.shape().rank() - 2);
}

Value move_axis(const Value& x, int from, int to) {
  std::vector<int> order;
  for (int i = 0; i < x.shape().rank(); ++i) {
    if (i != from) order.push_back(i);
  }
  order.insert(order.begin() + to, from);
  return transpose(x, order);
}

Value expand(const Value& x, int axis) {
  Shape shape = x.shape();
  shape.insert(axis, 1);
  return reshape(x, shape);
}

Value broadcast_to(const Value& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return apply(make<const BroadcastTo>(shape), {x});
}

}  // namespace stochos::tensor
