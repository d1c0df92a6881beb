// Recurrent layers: what fits together.
#include "tensor/operations/recurrent.hpp"

#include <string>

#include "tensor/functions.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

constexpr const char* kName = "recurrent";

void expect(const Value& value, const Shape& shape, const char* what) {
  if (!value || value.shape() == shape) return;
  fail(kName, std::string(what) + " has the shape " + to_string(value.shape()) + "; " + to_string(shape) +
                  " is needed");
}

void check(const RecurrentPlan& plan, const RecurrentInputs& in) {
  const Shape& x = in.x.shape();
  if (x.rank() != 3) fail(kName, "x has the shape " + to_string(x) + "; (batch, time, channels) is needed");
  const Shape& u = in.recurrent.shape();
  if (u.rank() != 2 || u[0] < 1 || u[1] != u[0] * plan.blocks()) {
    fail(kName, "the recurrent kernel has the shape " + to_string(u) + "; (units, " +
                    std::to_string(plan.blocks()) + " * units) is needed");
  }
  const std::int64_t units = u[0], batch = x[1];
  expect(in.kernel, {x[2], u[1]}, "the kernel");
  expect(in.h0, {batch, units}, "the initial state h");
  expect(in.c0, {batch, units}, "the initial state c");
  expect(in.bias, {u[1]}, "the bias");
  expect(in.recurrent_bias, {units}, "the recurrent bias");
  expect(in.peephole, {3, units}, "the peephole");
  expect(in.mask, {x[0], batch}, "the mask of time and batch");
  expect(in.kernel_gain, {u[1]}, "the kernel's gain");
  expect(in.recurrent_gain, {u[1]}, "the recurrent kernel's gain");
  expect(in.state_gain, {units}, "the state's gain");
  expect(in.state_bias, {units}, "the state's bias");
  const auto only = [&](const Value& value, Cell cell, const char* what) {
    if (value && plan.cell != cell) fail(kName, std::string("this cell has no ") + what);
  };
  only(in.peephole, Cell::lstm, "peephole");
  only(in.recurrent_bias, Cell::gru_after, "recurrent bias");
  only(in.kernel_gain, Cell::lstm, "norms");
}

}  // namespace

RecurrentOutputs recurrent(const RecurrentPlan& plan, const RecurrentInputs& given, bool fused) {
  RecurrentInputs in = given;
  const DType dtype = promote(as_float(in.x).dtype(), as_float(in.kernel).dtype());
  for (Value* value : {&in.x, &in.kernel, &in.recurrent, &in.h0, &in.c0, &in.bias, &in.recurrent_bias,
                       &in.peephole, &in.kernel_gain, &in.recurrent_gain, &in.state_gain, &in.state_bias}) {
    if (*value) *value = cast(*value, dtype);
  }
  if (in.recurrent.shape().rank() == 2 && in.x.shape().rank() == 3) {
    const Value rest = zeros(dtype, {in.x.shape()[1], in.recurrent.shape()[0]});
    if (!in.h0) in.h0 = rest;
    if (plan.has_c() && !in.c0) in.c0 = rest;
  }
  check(plan, in);
  if (!plan.has_c()) in.c0 = {};
  if (in.mask) {
    in.mask = cast(in.mask, DType::b8);
    in.x = where(expand(in.mask, 2), in.x, constant(dtype, 0.0));  // what is skipped may hold NaN
  }
  if (fused && !in.kernel_gain && in.x.shape()[0] > 0) return recurrent_fused(plan, in);
  return recurrent_composed(plan, in);
}

}  // namespace stochos::tensor
