// stochos._core.ops: one static function per operation, with NumPy's argument names.
#include <pybind11/stl.h>

#include <array>

#include "bind/tensor.hpp"
#include "tensor/evaluate.hpp"

namespace stochos::bind {
namespace {

using tensor::fail;
namespace unary = kernels::unary;
namespace binary = kernels::binary;
namespace compare = kernels::compare;

using Class = py::class_<Ops>;

template <unary::Code code>
void define_unary(Class& ops, const char* name) {
  ops.def_static(
      name, [name](py::handle x) { return wrapped(tensor::unary_op(code, to_value(name, x))); },
      py::arg("x"));
}

template <class F>
void define_pair(Class& ops, const char* name, F function) {
  ops.def_static(
      name,
      [name, function](py::handle a, py::handle b) {
        const auto [x, y] = together(operand(name, a), operand(name, b));
        return wrapped(function(x, y));
      },
      py::arg("a"), py::arg("b"));
}

template <binary::Code code>
void define_binary(Class& ops, const char* name) {
  define_pair(ops, name, [](const Value& a, const Value& b) { return tensor::binary_op(code, a, b); });
}

template <compare::Code code>
void define_compare(Class& ops, const char* name) {
  define_pair(ops, name, [](const Value& a, const Value& b) { return tensor::compare_op(code, a, b); });
}

template <kernels::logical::Code code>
void define_logical(Class& ops, const char* name) {
  define_pair(ops, name, [](const Value& a, const Value& b) { return tensor::logical_op(code, a, b); });
}

using Reduction = Value (*)(const Value&, tensor::Axes, bool);

void define_reduction(Class& ops, const char* name, Reduction reduction) {
  ops.def_static(
      name,
      [name, reduction](py::handle x, py::handle axis, bool keepdims) {
        const Value value = to_value(name, x);
        return wrapped(reduction(value, to_axes(name, axis, value.shape().rank()), keepdims));
      },
      py::arg("x"), py::arg("axis") = py::none(), py::arg("keepdims") = false);
}

void define_place(Class& ops, const char* name, Value (*place)(const Value&, int)) {
  ops.def_static(
      name,
      [name, place](py::handle x, py::handle axis, bool keepdims) {
        const Value value = to_value(name, x);
        if (axis.is_none()) {
          const Value flat = place(tensor::reshape(value, {value.shape().size()}), 0);
          Shape ones;
          for (int i = 0; i < value.shape().rank(); ++i) ones.push(1);
          return wrapped(keepdims ? tensor::reshape(flat, ones) : flat);
        }
        const int at = tensor::normal_axis(name, axis.cast<std::int64_t>(), value.shape().rank());
        const Value found = place(value, at);
        return wrapped(keepdims ? tensor::expand(found, at) : found);
      },
      py::arg("x"), py::arg("axis") = py::none(), py::arg("keepdims") = false);
}

std::vector<Value> value_list(const char* name, const py::sequence& items) {
  std::vector<Operand> given;
  const Value* like = nullptr;
  for (const py::object item : items) given.push_back(operand(name, item));
  for (const Operand& one : given) {
    if (one.number == Operand::Number::none && !one.loose && like == nullptr) like = &one.value;
  }
  std::vector<Value> values;
  for (const Operand& one : given) values.push_back(with_dtype_of(one, like));
  if (values.empty()) fail(name, "there is nothing to join: the list is empty");
  return values;
}

void define_elementwise(Class& ops) {
  define_unary<unary::neg>(ops, "neg");
  define_unary<unary::abs>(ops, "abs");
  define_unary<unary::sign>(ops, "sign");
  define_unary<unary::exp>(ops, "exp");
  define_unary<unary::expm1>(ops, "expm1");
  define_unary<unary::log>(ops, "log");
  define_unary<unary::log1p>(ops, "log1p");
  define_unary<unary::sqrt>(ops, "sqrt");
  define_unary<unary::rsqrt>(ops, "rsqrt");
  define_unary<unary::square>(ops, "square");
  define_unary<unary::reciprocal>(ops, "reciprocal");
  define_unary<unary::tanh>(ops, "tanh");
  define_unary<unary::sigmoid>(ops, "sigmoid");
  define_unary<unary::softplus>(ops, "softplus");
  define_unary<unary::erf>(ops, "erf");
  define_unary<unary::sin>(ops, "sin");
  define_unary<unary::cos>(ops, "cos");
  define_unary<unary::floor>(ops, "floor");
  define_unary<unary::ceil>(ops, "ceil");
  define_unary<unary::round>(ops, "round");
  define_unary<unary::relu>(ops, "relu");
  define_unary<unary::silu>(ops, "silu");
  define_unary<unary::gelu>(ops, "gelu");
  define_unary<unary::gelu_tanh>(ops, "gelu_tanh");
  define_binary<binary::add>(ops, "add");
  define_binary<binary::sub>(ops, "sub");
  define_binary<binary::mul>(ops, "mul");
  define_binary<binary::div>(ops, "div");
  define_binary<binary::pow>(ops, "pow");
  define_binary<binary::maximum>(ops, "maximum");
  define_binary<binary::minimum>(ops, "minimum");
  define_binary<binary::mod>(ops, "mod");
  define_compare<compare::equal>(ops, "equal");
  define_compare<compare::not_equal>(ops, "not_equal");
  define_compare<compare::less>(ops, "less");
  define_compare<compare::less_equal>(ops, "less_equal");
  define_compare<compare::greater>(ops, "greater");
  define_compare<compare::greater_equal>(ops, "greater_equal");
  define_logical<kernels::logical::both>(ops, "logical_and");
  define_logical<kernels::logical::either>(ops, "logical_or");
  define_logical<kernels::logical::differ>(ops, "logical_xor");
  const auto one = [&](const char* name, Value (*function)(const Value&)) {
    ops.def_static(
        name, [name, function](py::handle x) { return wrapped(function(to_value(name, x))); }, py::arg("x"));
  };
  one("logical_not", tensor::logical_not);
  one("isfinite", tensor::isfinite);
  one("stop_gradient", tensor::stop_gradient);
  ops.def_static(
      "cast",
      [](py::handle x, py::handle dtype) {
        return wrapped(tensor::cast(to_value("cast", x), to_dtype("cast", dtype)));
      },
      py::arg("x"), py::arg("dtype"));
  ops.def_static(
      "where",
      [](py::handle condition, py::handle a, py::handle b) {
        const auto [x, y] = together(operand("where", a), operand("where", b));
        return wrapped(tensor::where(to_value("where", condition), x, y));
      },
      py::arg("condition"), py::arg("a"), py::arg("b"));
  define_pair(ops, "matmul", tensor::matmul);
}

void define_reductions(Class& ops) {
  define_reduction(ops, "sum", tensor::sum);
  define_reduction(ops, "mean", tensor::mean);
  define_reduction(ops, "max", tensor::max);
  define_reduction(ops, "min", tensor::min);
  define_reduction(ops, "prod", tensor::prod);
  define_reduction(ops, "any", tensor::any);
  define_reduction(ops, "all", tensor::all);
  define_place(ops, "argmax", tensor::argmax);
  define_place(ops, "argmin", tensor::argmin);
  ops.def_static(
      "cumsum",
      [](py::handle x, std::int64_t axis) {
        const Value value = to_value("cumsum", x);
        return wrapped(tensor::cumsum(value, tensor::normal_axis("cumsum", axis, value.shape().rank())));
      },
      py::arg("x"), py::arg("axis") = -1);
}

void define_shapes(Class& ops) {
  ops.def_static(
      "reshape",
      [](py::handle x, py::handle shape) {
        return wrapped(tensor::reshape_with(to_value("reshape", x), to_shape("reshape", shape)));
      },
      py::arg("x"), py::arg("shape"));
  ops.def_static(
      "transpose",
      [](py::handle x, py::handle axes) {
        const Value value = to_value("transpose", x);
        std::vector<std::int64_t> order;
        if (axes.is_none()) {
          for (int i = value.shape().rank() - 1; i >= 0; --i) order.push_back(i);
        } else {
          const Shape given = to_shape("transpose", axes);
          order.assign(given.begin(), given.end());
        }
        return wrapped(tensor::transpose_with(value, order));
      },
      py::arg("x"), py::arg("axes") = py::none());
  ops.def_static(
      "broadcast_to",
      [](py::handle x, py::handle shape) {
        return wrapped(tensor::broadcast_to(to_value("broadcast_to", x), to_shape("broadcast_to", shape)));
      },
      py::arg("x"), py::arg("shape"));
  ops.def_static(
      "getitem", [](py::handle x, py::handle key) { return wrapped(get_item(to_value("getitem", x), key)); },
      py::arg("x"), py::arg("key"));
  ops.def_static(
      "pad",
      [](py::handle x, const std::vector<std::pair<std::int64_t, std::int64_t>>& widths, double value) {
        const Value given = to_value("pad", x);
        if (static_cast<int>(widths.size()) != given.shape().rank()) {
          fail("pad", "there are " + std::to_string(widths.size()) +
                          " pairs of widths for a tensor of shape " + to_string(given.shape()) +
                          "; give (before, after) for each axis");
        }
        std::vector<std::int64_t> before, after;
        for (const auto& [b, a] : widths) before.push_back(b), after.push_back(a);
        return wrapped(tensor::pad(given, before, after, value));
      },
      py::arg("x"), py::arg("widths"), py::arg("value") = 0.0);
  ops.def_static(
      "concat",
      [](const py::sequence& xs, std::int64_t axis) {
        const auto values = value_list("concat", xs);
        return wrapped(tensor::concat(values, tensor::normal_axis("concat", axis, values[0].shape().rank())));
      },
      py::arg("xs"), py::arg("axis") = 0);
  ops.def_static(
      "stack",
      [](const py::sequence& xs, std::int64_t axis) {
        auto values = value_list("stack", xs);
        const int at = tensor::normal_axis("stack", axis, values[0].shape().rank() + 1);
        for (Value& value : values) {
          if (!(value.shape() == values[0].shape()) && value.shape().rank() < at)
            fail("stack", "shapes differ");
          value = tensor::expand(value, at);
        }
        return wrapped(tensor::concat(values, at));
      },
      py::arg("xs"), py::arg("axis") = 0);
}

void define_gathers(Class& ops) {
  ops.def_static(
      "take",
      [](py::handle x, py::handle indices, std::int64_t axis) {
        const Value value = to_value("take", x);
        return wrapped(tensor::take(value, to_value("take", indices),
                                    tensor::normal_axis("take", axis, value.shape().rank())));
      },
      py::arg("x"), py::arg("indices"), py::arg("axis") = 0);
  ops.def_static(
      "scatter_add",
      [](py::handle x, py::handle indices, std::int64_t axis, std::int64_t size) {
        const Value value = to_value("scatter_add", x), places = to_value("scatter_add", indices);
        const int rank = value.shape().rank() - places.shape().rank() + 1;
        return wrapped(
            tensor::scatter_add(value, places, tensor::normal_axis("scatter_add", axis, rank), size));
      },
      py::arg("x"), py::arg("indices"), py::arg("axis"), py::arg("size"));
  ops.def_static(
      "take_along_axis",
      [](py::handle x, py::handle indices, std::int64_t axis) {
        const Value value = to_value("take_along_axis", x);
        return wrapped(
            tensor::take_along_axis(value, to_value("take_along_axis", indices),
                                    tensor::normal_axis("take_along_axis", axis, value.shape().rank())));
      },
      py::arg("x"), py::arg("indices"), py::arg("axis"));
}

}  // namespace

void bind_tensor_ops(py::module_& m) {
  Class ops(m, "ops", "The operations on tensors; nn has them with their documentation.");
  define_elementwise(ops);
  define_reductions(ops);
  define_shapes(ops);
  define_gathers(ops);
  define_composites(ops);
  define_recurrent(ops);
}

}  // namespace stochos::bind
