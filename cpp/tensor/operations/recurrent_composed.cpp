// Recurrent layers of ordinary operations: the reference, and the way to second derivatives.
#include "tensor/composites.hpp"
#include "tensor/functions.hpp"
#include "tensor/operation.hpp"
#include "tensor/operations/recurrent.hpp"

namespace stochos::tensor {
namespace {

struct State {
  Value h, c, gates;
};

class Steps {
 public:
  Steps(const RecurrentPlan& plan, const RecurrentInputs& in) : plan_(plan), in_(in), h_(in.h0.shape()[1]) {}

  // What the inputs give to the gates, of all steps.
  Value projected() const {
    Value y = matmul(in_.x, in_.kernel);
    if (in_.kernel_gain) y = layer_norm(y, in_.kernel_gain, {}, plan_.epsilon);
    return in_.bias ? add(y, in_.bias) : y;
  }

  // pre (B, G H)
  State step(const Value& pre, const Value& h, const Value& c) const {
    switch (plan_.cell) {
      case Cell::lstm:
        return lstm(pre, h, c);
      case Cell::gru_after:
        return gru_after(pre, h);
      case Cell::gru_before:
        return gru_before(pre, h);
      case Cell::gru_output:
        return gru_output(pre, h, c);
      case Cell::simple_tanh:
      case Cell::simple_relu:
        break;
    }
    const Value a = add(pre, matmul(h, in_.recurrent));
    const Value y = plan_.cell == Cell::simple_tanh ? tanh(a) : unary_op(kernels::unary::relu, a);
    return {y, {}, y};
  }

 private:
  Value block(const Value& x, std::int64_t first, std::int64_t count = 1) const {
    return slice_axis(x, x.shape().rank() - 1, first * h_, count * h_);
  }
  static Value joined(std::initializer_list<Value> parts) {
    return concat(Inputs{parts.begin(), parts.size()}, 1);
  }
  // (1 - z) old + z fresh
  static Value between(const Value& old, const Value& fresh, const Value& z) {
    return add(old, mul(z, sub(fresh, old)));
  }

  State lstm(const Value& pre, const Value& h, const Value& c) const {
    Value given = matmul(h, in_.recurrent);
    if (in_.recurrent_gain) given = layer_norm(given, in_.recurrent_gain, {}, plan_.epsilon);
    const Value a = add(pre, given);
    const auto peep = [&](const Value& x, std::int64_t row, const Value& state) {
      return in_.peephole ? add(x, mul(state, slice_axis(in_.peephole, 0, row, 1))) : x;
    };
    const Value i = sigmoid(peep(block(a, 0), 0, c)), f = sigmoid(peep(block(a, 1), 1, c)),
                g = tanh(block(a, 2));
    const Value next = add(mul(f, c), mul(i, g));
    const Value o = sigmoid(peep(block(a, 3), 2, next));
    const Value seen =
        in_.state_gain ? layer_norm(next, in_.state_gain, in_.state_bias, plan_.epsilon) : next;
    return {mul(o, tanh(seen)), next, joined({i, f, g, o})};
  }

  State gru_after(const Value& pre, const Value& h) const {
    const Value given = matmul(h, in_.recurrent);
    const Value zr = sigmoid(add(block(pre, 0, 2), block(given, 0, 2)));
    const Value z = block(zr, 0), r = block(zr, 1);
    const Value q = in_.recurrent_bias ? add(block(given, 2), in_.recurrent_bias) : block(given, 2);
    const Value n = tanh(add(block(pre, 2), mul(r, q)));
    return {between(h, n, z), {}, joined({zr, n, q})};
  }

  State gru_before(const Value& pre, const Value& h) const {
    const Value zr = sigmoid(add(block(pre, 0, 2), matmul(h, block(in_.recurrent, 0, 2))));
    const Value z = block(zr, 0), r = block(zr, 1), rh = mul(r, h);
    const Value n = tanh(add(block(pre, 2), matmul(rh, block(in_.recurrent, 2))));
    return {between(h, n, z), {}, joined({zr, n, rh})};
  }

  State gru_output(const Value& pre, const Value& h, const Value& c) const {
    const Value a = add(pre, matmul(h, in_.recurrent));
    const Value zr = sigmoid(block(a, 0, 2)), n = tanh(block(a, 2));
    const Value next = between(c, n, block(zr, 0));
    return {mul(block(zr, 1), next), next, joined({zr, n})};
  }

  const RecurrentPlan& plan_;
  const RecurrentInputs& in_;
  std::int64_t h_;
};

}  // namespace

RecurrentOutputs recurrent_composed(const RecurrentPlan& plan, const RecurrentInputs& in) {
  const Steps steps(plan, in);
  const std::vector<Value> pre = unstack(steps.projected());
  const std::vector<Value> masks = in.mask ? unstack(expand(in.mask, 2)) : std::vector<Value>{};
  const std::size_t count = pre.size();
  std::vector<Value> h(count), c(count), gates(count);
  Value old_h = in.h0, old_c = in.c0;
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t t = plan.reverse ? count - 1 - k : k;
    const State next = steps.step(pre[t], old_h, old_c);
    gates[t] = next.gates;
    h[t] = in.mask ? where(masks[t], next.h, old_h) : next.h;
    old_h = h[t];
    if (plan.has_c()) {
      c[t] = in.mask ? where(masks[t], next.c, old_c) : next.c;
      old_c = c[t];
    }
  }
  RecurrentOutputs out;
  if (count == 0) {
    const Shape &x = in.x.shape(), &state = in.h0.shape();
    out.h = zeros(x.rank() == 3 ? in.x.dtype() : DType::f32, {0, state[0], state[1]});
    out.c = plan.has_c() ? out.h : Value{};
    out.gates = zeros(in.x.dtype(), {0, state[0], state[1] * plan.kept()});
  } else {
    out.h = stack(h);
    out.gates = stack(gates);
    if (plan.has_c()) out.c = stack(c);
  }
  out.last_h = old_h;
  out.last_c = old_c;
  return out;
}

}  // namespace stochos::tensor
