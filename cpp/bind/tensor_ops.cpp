// stochos._core.ops: one function an operation, with NumPy's argument names. The public faces are in nn.
#include <pybind11/stl.h>

#include "bind/tensor.hpp"

namespace stochos::bind {
namespace {

using tensor::fail;
namespace unary = kernels::unary;
namespace binary = kernels::binary;
namespace compare = kernels::compare;
namespace logical = kernels::logical;

struct Operations {};
using Ops = py::class_<Operations>;

template <class F>
void define_one(Ops& ops, const char* name, F function) {
  ops.def_static(
      name, [name, function](py::handle x) { return wrapped(function(to_value(name, x))); }, py::arg("x"));
}

template <class F>
void define_two(Ops& ops, const char* name, F function) {
  ops.def_static(
      name,
      [name, function](py::handle a, py::handle b) {
        const auto [x, y] = together(operand(name, a), operand(name, b));
        return wrapped(function(x, y));
      },
      py::arg("a"), py::arg("b"));
}

void define_unary(Ops& ops) {
  constexpr const char* names[] = {"neg",  "abs",   "sign",      "exp",        "expm1", "log",     "log1p",
                                   "sqrt", "rsqrt", "square",    "reciprocal", "tanh",  "sigmoid", "softplus",
                                   "erf",  "sin",   "cos",       "floor",      "ceil",  "round",   "relu",
                                   "silu", "gelu",  "gelu_tanh", "copy"};
  static_assert(std::size(names) == unary::count);
  for (int i = 0; i < unary::count; ++i) {
    const auto code = static_cast<unary::Code>(i);
    define_one(ops, names[i], [code](const Value& x) { return tensor::unary_op(code, x); });
  }
  define_one(ops, "logical_not", tensor::logical_not);
  define_one(ops, "isfinite", tensor::isfinite);
  define_one(ops, "stop_gradient", tensor::stop_gradient);
  ops.def_static(
      "cast",
      [](py::handle x, py::handle dtype) {
        return wrapped(tensor::cast(to_value("cast", x), to_dtype("cast", dtype)));
      },
      py::arg("x"), py::arg("dtype"));
}

void define_binary(Ops& ops) {
  constexpr const char* names[] = {"add", "sub", "mul", "div", "pow", "maximum", "minimum", "mod"};
  static_assert(std::size(names) == binary::count);
  for (int i = 0; i < binary::count; ++i) {
    const auto code = static_cast<binary::Code>(i);
    define_two(ops, names[i],
               [code](const Value& a, const Value& b) { return tensor::binary_op(code, a, b); });
  }
  constexpr const char* compares[] = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"};
  static_assert(std::size(compares) == compare::count);
  for (int i = 0; i < compare::count; ++i) {
    const auto code = static_cast<compare::Code>(i);
    define_two(ops, compares[i],
               [code](const Value& a, const Value& b) { return tensor::compare_op(code, a, b); });
  }
  constexpr const char* logicals[] = {"logical_and", "logical_or", "logical_xor"};
  static_assert(std::size(logicals) == logical::count);
  for (int i = 0; i < logical::count; ++i) {
    const auto code = static_cast<logical::Code>(i);
    define_two(ops, logicals[i],
               [code](const Value& a, const Value& b) { return tensor::logical_op(code, a, b); });
  }
  define_two(ops, "matmul", tensor::matmul);
  ops.def_static(
      "where",
      [](py::handle condition, py::handle a, py::handle b) {
        const auto [x, y] = together(operand("where", a), operand("where", b));
        return wrapped(tensor::where(to_value("where", condition), x, y));
      },
      py::arg("condition"), py::arg("a"), py::arg("b"));
}

int axis_of(const char* name, std::int64_t axis, const Value& x) {
  return tensor::normal_axis(name, axis, x.shape().rank());
}

void define_reductions(Ops& ops) {
  using Reduction = Value (*)(const Value&, tensor::Axes, bool);
  constexpr std::pair<const char*, Reduction> reductions[] = {
      {"sum", tensor::sum},   {"mean", tensor::mean}, {"max", tensor::max}, {"min", tensor::min},
      {"prod", tensor::prod}, {"any", tensor::any},   {"all", tensor::all}};
  for (const auto& [name, reduction] : reductions) {
    ops.def_static(
        name,
        [name = name, reduction = reduction](py::handle x, py::handle axis, bool keepdims) {
          const Value value = to_value(name, x);
          return wrapped(reduction(value, to_axes(name, axis, value.shape().rank()), keepdims));
        },
        py::arg("x"), py::arg("axis") = py::none(), py::arg("keepdims") = false);
  }
  using Place = Value (*)(const Value&, int);
  constexpr std::pair<const char*, Place> places[] = {{"argmax", tensor::argmax}, {"argmin", tensor::argmin}};
  for (const auto& [name, place] : places) {
    ops.def_static(
        name,
        [name = name, place = place](py::handle x, const std::optional<std::int64_t>& axis, bool keepdims) {
          const Value value = to_value(name, x);
          if (axis) {
            const int at = axis_of(name, *axis, value);
            const Value found = place(value, at);
            return wrapped(keepdims ? tensor::expand(found, at) : found);
          }
          const Value found = place(tensor::reshape(value, {value.shape().size()}), 0);
          Shape ones;
          for (int i = 0; keepdims && i < value.shape().rank(); ++i) ones.push(1);
          return wrapped(tensor::reshape(found, ones));
        },
        py::arg("x"), py::arg("axis") = py::none(), py::arg("keepdims") = false);
  }
  ops.def_static(
      "cumsum",
      [](py::handle x, std::int64_t axis) {
        const Value value = to_value("cumsum", x);
        return wrapped(tensor::cumsum(value, axis_of("cumsum", axis, value)));
      },
      py::arg("x"), py::arg("axis") = -1);
}

std::vector<Value> listed(const char* name, const py::sequence& items) {
  std::vector<Operand> given;
  for (const py::handle item : items) given.push_back(operand(name, item));
  if (given.empty()) fail(name, "there is nothing to join: the list is empty");
  const Value* like = nullptr;
  for (const Operand& one : given) {
    if (one.number == Operand::Number::none && like == nullptr) like = &one.value;
  }
  std::vector<Value> values;
  for (const Operand& one : given) values.push_back(with_dtype_of(one, like));
  return values;
}

void define_shapes(Ops& ops) {
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
      [](py::handle x, const py::sequence& widths, double value) {
        const Value given = to_value("pad", x);
        std::vector<std::int64_t> before, after;
        for (const py::handle pair : widths) {
          const Shape two = to_shape("pad", pair);
          if (two.rank() != 2) fail("pad", "each axis needs a pair (before, after) of widths");
          before.push_back(two[0]);
          after.push_back(two[1]);
        }
        if (static_cast<int>(before.size()) != given.shape().rank()) {
          fail("pad", std::to_string(before.size()) + " pairs of widths were given for a tensor of shape " +
                          to_string(given.shape()) + "; give (before, after) for each axis");
        }
        return wrapped(tensor::pad(given, before, after, value));
      },
      py::arg("x"), py::arg("widths"), py::arg("value") = 0.0);
  ops.def_static(
      "concat",
      [](const py::sequence& xs, std::int64_t axis) {
        const auto values = listed("concat", xs);
        return wrapped(tensor::concat(values, axis_of("concat", axis, values[0])));
      },
      py::arg("xs"), py::arg("axis") = 0);
  ops.def_static(
      "stack",
      [](const py::sequence& xs, std::int64_t axis) {
        auto values = listed("stack", xs);
        const Shape first = values[0].shape();
        const int at = tensor::normal_axis("stack", axis, first.rank() + 1);
        for (Value& value : values) {
          if (!(value.shape() == first))
            fail("stack", "shapes " + to_string(first) + " and " + to_string(value.shape()) + " differ");
          value = tensor::expand(value, at);
        }
        return wrapped(tensor::concat(values, at));
      },
      py::arg("xs"), py::arg("axis") = 0);
}

void define_gathers(Ops& ops) {
  ops.def_static(
      "take",
      [](py::handle x, py::handle indices, std::int64_t axis) {
        const Value value = to_value("take", x);
        return wrapped(tensor::take(value, to_value("take", indices), axis_of("take", axis, value)));
      },
      py::arg("x"), py::arg("indices"), py::arg("axis") = 0);
  ops.def_static(
      "scatter_add",
      [](py::handle x, py::handle indices, std::int64_t axis, std::int64_t size) {
        const Value value = to_value("scatter_add", x), places = to_value("scatter_add", indices);
        const int rank = value.shape().rank() - places.shape().rank() + 1;
        if (size < 0) fail("scatter_add", "size " + std::to_string(size) + " is negative");
        return wrapped(
            tensor::scatter_add(value, places, tensor::normal_axis("scatter_add", axis, rank), size));
      },
      py::arg("x"), py::arg("indices"), py::arg("axis"), py::arg("size"));
  ops.def_static(
      "take_along_axis",
      [](py::handle x, py::handle indices, std::int64_t axis) {
        const Value value = to_value("take_along_axis", x);
        return wrapped(tensor::take_along_axis(value, to_value("take_along_axis", indices),
                                               axis_of("take_along_axis", axis, value)));
      },
      py::arg("x"), py::arg("indices"), py::arg("axis"));
}

}  // namespace

void bind_tensor_ops(py::module_& m) {
  Ops ops(m, "ops", "The operations on tensors.");
  define_unary(ops);
  define_binary(ops);
  define_reductions(ops);
  define_shapes(ops);
  define_gathers(ops);
}

}  // namespace stochos::bind
