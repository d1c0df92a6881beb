// Elementwise functions of one tensor, with their derivatives; casts, tests and stop_gradient.
#include <cmath>
#include <cstring>

#include "tensor/functions.hpp"
#include "tensor/loops.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

namespace codes = kernels::unary;
using codes::Code;

constexpr const char* kNames[] = {
    "neg",   "abs",        "sign",           "exp",   "expm1",   "log",      "log1p", "sqrt",
    "rsqrt", "square",     "reciprocal",     "tanh",  "sigmoid", "softplus", "erf",   "sin",
    "cos",   "floor",      "ceil",           "round", "relu",    "silu",     "gelu",  "gelu_tanh",
    "copy",  "gelu_slope", "gelu_tanh_slope"};
static_assert(std::size(kNames) == codes::count);

constexpr double kTwoOverRootPi = 1.1283791670955125739;   // 2 / sqrt(pi)
constexpr double kNormalPeak = 0.39894228040143267794;     // 1 / sqrt(2 pi)
constexpr double kRootTwoOverPi = 0.79788456080286535588;  // sqrt(2/pi)
constexpr double kGeluCubic = 0.044715;                    // D. Hendrycks, K. Gimpel, arXiv:1606.08415

Value one_minus(const Value& x) {
  return add(neg(x), 1.0);
}

// g times the derivative at x, y = f(x).
Value derivative(Code code, const Value& g, const Value& x, const Value& y) {
  switch (code) {
    case codes::neg:
      return tensor::neg(g);
    case codes::abs:
      return mul(g, unary_op(codes::sign, x));
    case codes::exp:
      return mul(g, y);
    case codes::expm1:
      return mul(g, add(y, 1.0));
    case codes::log:
      return div(g, x);
    case codes::log1p:
      return div(g, add(x, 1.0));
    case codes::sqrt:
      return div(mul(g, 0.5), y);
    case codes::rsqrt:
      return mul(mul(g, -0.5), mul(y, tensor::square(y)));
    case codes::square:
      return mul(g, mul(x, 2.0));
    case codes::reciprocal:
      return mul(tensor::neg(g), tensor::square(y));
    case codes::tanh:
      return mul(g, one_minus(tensor::square(y)));
    case codes::sigmoid:
      return mul(g, mul(y, one_minus(y)));
    case codes::softplus:
      return mul(g, tensor::sigmoid(x));
    case codes::erf:
      return mul(g, mul(tensor::exp(tensor::neg(tensor::square(x))), kTwoOverRootPi));
    case codes::sin:
      return mul(g, unary_op(codes::cos, x));
    case codes::cos:
      return mul(g, tensor::neg(unary_op(codes::sin, x)));
    case codes::relu:
      return where(greater(y, constant(y.dtype(), 0.0)), g, constant(g.dtype(), 0.0));  // x may be forgotten
    case codes::silu: {
      const Value s = tensor::sigmoid(x);
      return mul(g, mul(s, add(mul(x, one_minus(s)), 1.0)));
    }
    case codes::gelu:
      return mul(g, unary_op(codes::gelu_slope, x));
    case codes::gelu_tanh:
      return mul(g, unary_op(codes::gelu_tanh_slope, x));
    case codes::gelu_slope: {  // (2 - x^2) phi(x)
      const Value x2 = tensor::square(x);
      const Value density = mul(tensor::exp(mul(x2, -0.5)), kNormalPeak);
      return mul(g, mul(add(tensor::neg(x2), 2.0), density));
    }
    case codes::gelu_tanh_slope: {
      // With t = tanh(u), u = c (x + a x^3): (1 - t^2) (u' (1 - x t u') + x u'' / 2).
      const Value x2 = tensor::square(x);
      const Value t = tensor::tanh(mul(mul(x, add(mul(x2, kGeluCubic), 1.0)), kRootTwoOverPi));
      const Value u1 = mul(add(mul(x2, 3 * kGeluCubic), 1.0), kRootTwoOverPi);
      const Value inner =
          add(mul(u1, one_minus(mul(mul(x, t), u1))), mul(x2, 3 * kGeluCubic * kRootTwoOverPi));
      return mul(g, mul(one_minus(tensor::square(t)), inner));
    }
    case codes::copy:
      return g;
    default:
      return {};  // steps: sign, floor, ceil, round
  }
}

class Unary : public Operation {
 public:
  explicit Unary(Code code) : Operation(kNames[code], Kind::unary), code_(code) {}
  int code() const override { return code_; }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    run_unary(unary_loop(code_, inputs[0].dtype), inputs[0], outputs[0]);
  }
  void vjp(Vjp& call) const override {
    if (is_float(call.inputs[0].dtype()))
      call.result[0] = derivative(code_, call.cotangents[0], call.inputs[0], call.outputs[0]);
  }
  double cost(Inputs, std::span<const Array> outputs) const override {
    return static_cast<double>(outputs[0].size()) * (code_ == codes::neg || code_ == codes::relu ? 1 : 4);
  }

 private:
  Code code_;
};

template <std::size_t... codes>
const Ref<const Operation>& unary_operation(Code code, std::index_sequence<codes...>) {
  static const Ref<const Operation> made[] = {Ref<const Operation>(new Unary(static_cast<Code>(codes)))...};
  return made[code];
}

bool works_on_integers(Code code) {
  return code == codes::neg || code == codes::abs || code == codes::sign || code == codes::square ||
         code == codes::relu || code == codes::copy;
}

class LogicalNot : public Operation {
 public:
  LogicalNot() : Operation("logical_not") {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = DType::b8;
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    run_unary(not_loop(), inputs[0], outputs[0]);
  }
};

class IsFinite : public Operation {
 public:
  IsFinite() : Operation("isfinite") {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = DType::b8;
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    run_unary(finite_loop(inputs[0].dtype), inputs[0], outputs[0]);
  }
};

class Cast : public Operation {
 public:
  explicit Cast(DType to) : Operation("cast", Kind::cast), to_(to) {}
  int code() const override { return static_cast<int>(to_); }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = to_;
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    run_unary(cast_loop(inputs[0].dtype, to_), inputs[0], outputs[0]);
  }
  void vjp(Vjp& call) const override {
    if (is_float(to_) && is_float(call.inputs[0].dtype()))
      call.result[0] = tensor::cast(call.cotangents[0], call.inputs[0].dtype());
  }

 private:
  DType to_;
};

class StopGradient : public Operation {
 public:
  StopGradient() : Operation("stop_gradient", Kind::view) {}
  bool cuts() const override { return true; }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override { outputs[0] = inputs[0]; }
};

}  // namespace

Value unary_op(Code code, const Value& x) {
  const auto& operation = unary_operation(code, std::make_index_sequence<codes::count>());
  if (is_float(x.dtype()) || code == codes::copy) return apply(operation, {x});
  if (x.dtype() != DType::b8 && works_on_integers(code)) return apply(operation, {x});
  if (x.dtype() != DType::b8 && (code == codes::floor || code == codes::ceil || code == codes::round))
    return x;
  if (x.dtype() == DType::b8 && works_on_integers(code)) return unary_op(code, cast(x, DType::i32));
  return apply(operation, {cast(x, DType::f32)});
}

Value logical_not(const Value& x) {
  return apply(single<LogicalNot>(), {cast(x, DType::b8)});
}

Value isfinite(const Value& x) {
  if (!is_float(x.dtype())) return filled(DType::b8, x.shape(), 1.0);
  return apply(single<IsFinite>(), {x});
}

Value cast(const Value& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  static const Ref<const Operation> casts[] = {make<const Cast>(DType::f32), make<const Cast>(DType::f64),
                                               make<const Cast>(DType::i32), make<const Cast>(DType::i64),
                                               make<const Cast>(DType::b8)};
  return apply(casts[static_cast<int>(dtype)], {x});
}

Value as_float(const Value& x) {
  return is_float(x.dtype()) ? x : cast(x, DType::f32);
}

Value stop_gradient(const Value& x) {
  return apply(single<StopGradient>(), {x});
}

}  // namespace stochos::tensor
