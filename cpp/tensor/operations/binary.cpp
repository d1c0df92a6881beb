// Elementwise functions of two tensors, with their derivatives; comparisons, logic and where.
#include <cstring>
#include <utility>

#include "tensor/functions.hpp"
#include "tensor/loops.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

namespace codes = kernels::binary;

constexpr const char* kNames[] = {"add", "sub", "mul", "div", "pow", "maximum", "minimum", "mod"};
static_assert(std::size(kNames) == codes::count);
constexpr const char* kCompareNames[] = {"equal",      "not_equal", "less",
                                         "less_equal", "greater",   "greater_equal"};
static_assert(std::size(kCompareNames) == kernels::compare::count);
constexpr const char* kLogicalNames[] = {"logical_and", "logical_or", "logical_xor"};
static_assert(std::size(kLogicalNames) == kernels::logical::count);

// The cotangent of the larger of two; equal ones share it.
Value of_winner(const Value& g, const Value& winner, const Value& loser) {
  const Value zero = constant(g.dtype(), 0.0);
  const Value tie = where(equal(winner, loser), mul(g, 0.5), zero);
  return where(greater(winner, loser), g, tie);
}

void derivative(codes::Code code, Vjp& call) {
  const Value &g = call.cotangents[0], &a = call.inputs[0], &b = call.inputs[1], &y = call.outputs[0];
  const bool need_a = call.needed[0], need_b = call.needed[1];
  Value da, db;
  switch (code) {
    case codes::add:
      da = g, db = g;
      break;
    case codes::sub:
      da = g;
      if (need_b) db = neg(g);
      break;
    case codes::mul:
      if (need_a) da = mul(g, b);
      if (need_b) db = mul(g, a);
      break;
    case codes::div:
      if (need_a) da = div(g, b);
      if (need_b) db = neg(div(mul(g, y), b));
      break;
    case codes::pow: {
      const Value zero = constant(g.dtype(), 0.0);
      if (need_a) {
        // b a^(b-1), and 0 where both are 0; there the base is set to 1, lest a second derivative meet 0 ·
        // inf.
        const Value both = logical_op(kernels::logical::both, equal(a, zero), equal(b, zero));
        const Value base = where(both, constant(a.dtype(), 1.0), a);
        da = mul(g, mul(b, binary_op(codes::pow, base, add(b, -1.0))));
      }
      if (need_b) {
        // y log a; a = 0 has slope 0 there, as JAX and PyTorch have it.
        const Value inside = greater(a, zero);
        const Value safe = where(inside, a, constant(a.dtype(), 1.0));
        db = where(inside, mul(g, mul(y, log(safe))), zero);
      }
      break;
    }
    case codes::maximum:
      if (need_a) da = of_winner(g, a, b);
      if (need_b) db = of_winner(g, b, a);
      break;
    case codes::minimum:
      if (need_a) da = of_winner(g, neg(a), neg(b));
      if (need_b) db = of_winner(g, neg(b), neg(a));
      break;
    default:  // mod = a - floor(a / b) b
      da = g;
      if (need_b) db = neg(mul(g, unary_op(kernels::unary::floor, div(a, b))));
      break;
  }
  if (need_a && da) call.result[0] = sum_to(da, a.shape());
  if (need_b && db) call.result[1] = sum_to(db, b.shape());
}

class Binary : public Operation {
 public:
  explicit Binary(codes::Code code) : Operation(kNames[code], Kind::binary), code_(code) {}
  int code() const override { return code_; }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = broadcast(name(), inputs[0].shape(), inputs[1].shape());
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    run_binary(binary_loop(code_, inputs[0].dtype), inputs[0], inputs[1], outputs[0]);
  }
  void vjp(Vjp& call) const override {
    if (is_float(call.inputs[0].dtype())) derivative(code_, call);
  }

 private:
  codes::Code code_;
};

class Compare : public Operation {
 public:
  explicit Compare(kernels::compare::Code code)
      : Operation(kCompareNames[code], Kind::compare), code_(code) {}
  int code() const override { return code_; }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = DType::b8;
    outputs[0].shape = broadcast(name(), inputs[0].shape(), inputs[1].shape());
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    run_binary(compare_loop(code_, inputs[0].dtype), inputs[0], inputs[1], outputs[0]);
  }

 private:
  kernels::compare::Code code_;
};

class Logical : public Operation {
 public:
  explicit Logical(kernels::logical::Code code) : Operation(kLogicalNames[code]), code_(code) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = DType::b8;
    outputs[0].shape = broadcast(name(), inputs[0].shape(), inputs[1].shape());
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    run_binary(logical_loop(code_), inputs[0], inputs[1], outputs[0]);
  }

 private:
  kernels::logical::Code code_;
};

class Where : public Operation {
 public:
  Where() : Operation("where", Kind::select) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[1].dtype();
    outputs[0].shape =
        broadcast(name(), inputs[0].shape(), broadcast(name(), inputs[1].shape(), inputs[2].shape()));
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    run_select(select_loop(outputs[0].dtype), inputs[0], inputs[1], inputs[2], outputs[0]);
  }
  void vjp(Vjp& call) const override {
    const Value &g = call.cotangents[0], &mask = call.inputs[0], zero = constant(g.dtype(), 0.0);
    if (call.needed[1]) call.result[1] = sum_to(where(mask, g, zero), call.inputs[1].shape());
    if (call.needed[2]) call.result[2] = sum_to(where(mask, zero, g), call.inputs[2].shape());
  }
};

// One operation per code, made once.
template <class T, class Code, std::size_t... codes>
const Ref<const Operation>& one_of(Code code, std::index_sequence<codes...>) {
  static const Ref<const Operation> made[] = {Ref<const Operation>(new T(static_cast<Code>(codes)))...};
  return made[code];
}

}  // namespace

Value binary_op(codes::Code code, const Value& a, const Value& b) {
  DType dtype = promote(a.dtype(), b.dtype());
  if (code == codes::div && !is_float(dtype)) dtype = DType::f32;
  if (dtype == DType::b8) dtype = DType::i32;
  return apply(one_of<Binary>(code, std::make_index_sequence<codes::count>()),
               {cast(a, dtype), cast(b, dtype)});
}

Value compare_op(kernels::compare::Code code, const Value& a, const Value& b) {
  const DType dtype = promote(a.dtype(), b.dtype());
  return apply(one_of<Compare>(code, std::make_index_sequence<kernels::compare::count>()),
               {cast(a, dtype), cast(b, dtype)});
}

Value logical_op(kernels::logical::Code code, const Value& a, const Value& b) {
  return apply(one_of<Logical>(code, std::make_index_sequence<kernels::logical::count>()),
               {cast(a, DType::b8), cast(b, DType::b8)});
}

Value where(const Value& mask, const Value& a, const Value& b) {
  const DType dtype = promote(a.dtype(), b.dtype());
  return apply(single<Where>(), {cast(mask, DType::b8), cast(a, dtype), cast(b, dtype)});
}

Value add(const Value& a, double b) {
  return add(a, constant(a.dtype(), b));
}
Value mul(const Value& a, double b) {
  return mul(a, constant(a.dtype(), b));
}

}  // namespace stochos::tensor
