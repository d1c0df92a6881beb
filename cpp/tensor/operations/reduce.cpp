// Reductions over axes, running sums, places of extremes.
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "tensor/functions.hpp"
#include "tensor/loops.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

namespace codes = kernels::reduce;

constexpr const char* kNames[] = {"sum", "max", "min", "prod"};
static_assert(std::size(kNames) == codes::count);

Shape without(const Shape& shape, Axes axes, bool keep) {
  Shape out;
  for (int i = 0; i < shape.rank(); ++i) {
    if ((axes >> i & 1U) == 0) {
      out.push(shape[i]);
    } else if (keep) {
      out.push(1);
    }
  }
  return out;
}

// Axes kept first, then the reduced ones.
Array kept_first(const Array& x, Axes axes) {
  Shape shape;
  Strides strides{};
  std::size_t at = 0;
  for (const bool reduced : {false, true}) {
    for (int i = 0; i < x.shape.rank(); ++i) {
      if ((axes >> i & 1U) != (reduced ? 1U : 0U)) continue;
      shape.push(x.shape[i]);
      strides[at++] = x.strides[static_cast<std::size_t>(i)];
    }
  }
  return x.view(shape, strides);
}

struct Runs {
  std::array<std::size_t, kMostAxes> sizes{};
  std::array<bool, kMostAxes> reduced{};
  std::size_t count = 0;
};

// Neighbouring axes of one kind joined.
Runs runs_of(const Shape& shape, Axes axes) {
  Runs runs;
  for (int i = 0; i < shape.rank(); ++i) {
    const bool reduced = (axes >> i & 1U) != 0;
    if (shape[i] == 1) continue;
    if (runs.count > 0 && runs.reduced[runs.count - 1] == reduced) {
      runs.sizes[runs.count - 1] *= static_cast<std::size_t>(shape[i]);
    } else {
      runs.sizes[runs.count] = static_cast<std::size_t>(shape[i]);
      runs.reduced[runs.count++] = reduced;
    }
  }
  return runs;
}

void reduce_rows(codes::Code code, const Array& x, void* out, std::size_t outer, std::size_t n) {
  const ReduceLoop loop = rows_loop(code, x.dtype);
  const std::size_t item = item_size(x.dtype);
  in_parts(outer, n * item + 1, [&](std::size_t first, std::size_t count) {
    loop(x.data + first * n * item, static_cast<std::byte*>(out) + first * item, count, n);
  });
}

// x is contiguous with axes (before, outer, n).
void reduce_columns(codes::Code code, const Array& x, void* out, std::size_t before, std::size_t outer,
                    std::size_t n) {
  const ColumnsLoop loop = columns_loop(code, x.dtype);
  const std::size_t item = item_size(x.dtype);
  if (before == 1) {
    in_parts(n, outer * item, [&](std::size_t first, std::size_t count) {
      loop(x.data + first * item, static_cast<std::byte*>(out) + first * item, outer, count, n);
    });
    return;
  }
  in_parts(before, outer * n * item, [&](std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i)
      loop(x.data + i * outer * n * item, static_cast<std::byte*>(out) + i * n * item, outer, n, n);
  });
}

void reduce_array(codes::Code code, const Array& given, Axes axes, Array& out) {
  out.allot();
  const auto size = static_cast<std::size_t>(out.size());
  if (size == 0) return;
  const std::size_t n = static_cast<std::size_t>(given.size()) / size;
  if (!given.contiguous()) {
    reduce_rows(code, kept_first(given, axes).packed(), out.data, size, n);
    return;
  }
  const Runs runs = runs_of(given.shape, axes);
  if (runs.count == 2 && runs.reduced[0]) {
    reduce_columns(code, given, out.data, 1, runs.sizes[0], runs.sizes[1]);
  } else if (runs.count == 3 && runs.reduced[1]) {
    reduce_columns(code, given, out.data, runs.sizes[0], runs.sizes[1], runs.sizes[2]);
  } else if (runs.count <= 1 || (runs.count == 2 && runs.reduced[1])) {
    reduce_rows(code, given, out.data, size, n);
  } else {
    reduce_rows(code, kept_first(given, axes).packed(), out.data, size, n);
  }
}

// g has the reduced shape, with or without the axes; back with them as 1.
Value with_axes(const Value& g, const Shape& full, Axes axes) {
  return reshape(g, without(full, axes, true));
}

// For each of (outer, n) the product of those before it, in log2(n) steps.
Value product_before(const Value& x) {
  const std::int64_t n = x.shape()[1];
  const auto behind = [&](const Value& y, std::int64_t step) {
    const std::array<std::int64_t, 2> ones{0, step}, none{};
    return pad(slice_axis(y, 1, 0, n - step), ones, none, 1.0);
  };
  Value y = behind(x, 1);
  for (std::int64_t step = 1; step < n; step *= 2) y = mul(y, behind(y, step));
  return y;
}

// For each factor the product of the others: without a division, so that it is right where factors are 0, and
// so are its own derivatives.
Value product_of_others(const Value& x, Axes axes) {
  if (x.shape().size() == 0) return x;
  std::vector<int> order, back(static_cast<std::size_t>(x.shape().rank()));
  std::int64_t n = 1;
  for (const bool reduced : {false, true}) {
    for (int i = 0; i < x.shape().rank(); ++i) {
      if ((axes >> i & 1U) != (reduced ? 1U : 0U)) continue;
      if (reduced) n *= x.shape()[i];
      back[static_cast<std::size_t>(i)] = static_cast<int>(order.size());
      order.push_back(i);
    }
  }
  const Value turned = transpose(x, order);
  const Value flat = reshape(turned, Shape{x.shape().size() / n, n});
  const Value others = mul(product_before(flat), flip(product_before(flip(flat, 1)), 1));
  return transpose(reshape(others, turned.shape()), back);
}

class Reduce : public Operation {
 public:
  Reduce(codes::Code code, Axes axes, bool keep)
      : Operation(kNames[code]), code_(code), axes_(axes), keep_(keep) {}
  int code() const override { return code_; }
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = without(inputs[0].shape(), axes_, keep_);
    if ((code_ == codes::max || code_ == codes::min) && inputs[0].shape().size() == 0 &&
        outputs[0].shape.size() > 0) {
      fail(name(), "a tensor of shape " + to_string(inputs[0].shape()) + " has no elements to choose from");
    }
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    reduce_array(code_, inputs[0], axes_, outputs[0]);
  }
  void vjp(Vjp& call) const override {
    const Value& x = call.inputs[0];
    if (!is_float(x.dtype())) return;
    const Value g = with_axes(call.cotangents[0], x.shape(), axes_);
    if (code_ == codes::sum) {
      call.result[0] = broadcast_to(g, x.shape());
      return;
    }
    if (code_ == codes::prod) {
      call.result[0] = mul(g, product_of_others(x, axes_));
      return;
    }
    const Value y = with_axes(call.outputs[0], x.shape(), axes_);
    // Equal extremes share the cotangent.
    const Value chosen = equal(x, y);
    const Value share = div(g, sum(cast(chosen, x.dtype()), axes_, true));
    call.result[0] = where(chosen, share, constant(x.dtype(), 0.0));
  }
  bool same(const Operation& other) const override {
    const auto& reduce = static_cast<const Reduce&>(other);
    return axes_ == reduce.axes_ && keep_ == reduce.keep_;
  }
  double cost(Inputs inputs, std::span<const Array>) const override {
    return static_cast<double>(inputs[0].shape().size());
  }

 private:
  codes::Code code_;
  Axes axes_;
  bool keep_;
};

// Over the last axis.
class CumSum : public Operation {
 public:
  CumSum() : Operation("cumsum") {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array x = inputs[0].packed();
    outputs[0].allot();
    const auto n = static_cast<std::size_t>(x.shape.last()), size = static_cast<std::size_t>(x.size());
    if (size > 0) cumsum_loop(x.dtype)(x.data, outputs[0].data, size / n, n);
  }
  void vjp(Vjp& call) const override {
    const int last = call.inputs[0].shape().rank() - 1;
    call.result[0] = flip(cumsum(flip(call.cotangents[0], last), last), last);
  }
};

// Over the last axis.
class Extreme : public Operation {
 public:
  explicit Extreme(kernels::extreme::Code code)
      : Operation(code == kernels::extreme::argmax ? "argmax" : "argmin"), code_(code) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = DType::i64;
    outputs[0].shape = inputs[0].shape();
    outputs[0].shape.erase(outputs[0].shape.rank() - 1);
    if (inputs[0].shape().last() == 0 && outputs[0].shape.size() > 0)
      fail(name(), "a tensor of shape " + to_string(inputs[0].shape()) + " has no elements to choose from");
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array x = inputs[0].packed();
    outputs[0].allot();
    const auto n = static_cast<std::size_t>(x.shape.last());
    if (outputs[0].size() > 0)
      extreme_loop(code_, x.dtype)(x.data, outputs[0].data, static_cast<std::size_t>(outputs[0].size()), n);
  }

 private:
  kernels::extreme::Code code_;
};

Value place_of(kernels::extreme::Code code, const Value& x, int axis) {
  const Value given = x.dtype() == DType::b8 ? cast(x, DType::i32) : x;
  const auto operation =
      code == kernels::extreme::argmax ? single<Extreme>(kernels::extreme::argmax) : nullptr;
  static const Ref<const Operation> least(new Extreme(kernels::extreme::argmin));
  return apply(operation ? operation : least, {move_axis(given, axis, given.shape().rank() - 1)});
}

}  // namespace

Value reduce_op(codes::Code code, const Value& x, Axes axes, bool keep) {
  if (axes == 0 && code != codes::prod) return x;
  return apply(make<const Reduce>(code, axes, keep), {x});
}

Value sum(const Value& x, Axes axes, bool keep) {
  return reduce_op(codes::sum, x.dtype() == DType::b8 ? cast(x, DType::i64) : x, axes, keep);
}
Value max(const Value& x, Axes axes, bool keep) {
  return reduce_op(codes::max, x, axes, keep);
}
Value min(const Value& x, Axes axes, bool keep) {
  return reduce_op(codes::min, x, axes, keep);
}
Value prod(const Value& x, Axes axes, bool keep) {
  return reduce_op(codes::prod, x.dtype() == DType::b8 ? cast(x, DType::i64) : x, axes, keep);
}
Value any(const Value& x, Axes axes, bool keep) {
  const Value truth = cast(x, DType::b8);
  if (x.shape().size() == 0) return filled(DType::b8, without(x.shape(), axes, keep), 0.0);
  return reduce_op(codes::max, truth, axes, keep);
}
Value all(const Value& x, Axes axes, bool keep) {
  const Value truth = cast(x, DType::b8);
  if (x.shape().size() == 0) return filled(DType::b8, without(x.shape(), axes, keep), 1.0);
  return reduce_op(codes::min, truth, axes, keep);
}

Value mean(const Value& x, Axes axes, bool keep) {
  const Value given = as_float(x);
  double n = 1;
  for (int i = 0; i < x.shape().rank(); ++i) {
    if ((axes >> i & 1U) != 0) n *= static_cast<double>(x.shape()[i]);
  }
  return mul(sum(given, axes, keep), n == 0 ? std::nan("") : 1 / n);
}

Value argmax(const Value& x, int axis) {
  return place_of(kernels::extreme::argmax, x, axis);
}
Value argmin(const Value& x, int axis) {
  return place_of(kernels::extreme::argmin, x, axis);
}

Value cumsum(const Value& x, int axis) {
  const Value given = x.dtype() == DType::b8 ? cast(x, DType::i64) : x;
  const int last = x.shape().rank() - 1;
  if (axis == last) return apply(single<CumSum>(), {given});
  return move_axis(apply(single<CumSum>(), {move_axis(given, axis, last)}), last, axis);
}

Value sum_to(const Value& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  Axes axes = 0;
  const int shift = x.shape().rank() - shape.rank();
  for (int i = 0; i < x.shape().rank(); ++i) {
    if (i < shift || (shape[i - shift] == 1 && x.shape()[i] != 1)) axes |= 1U << i;
  }
  return reshape(sum(x, axes), shape);
}

}  // namespace stochos::tensor
