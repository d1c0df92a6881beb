// Making tensors, gradients, recordings, labels, evaluation.
#include <cmath>

#include "bind/tensor.hpp"
#include "tensor/evaluate.hpp"
#include "tensor/gradients.hpp"
#include "tensor/trace.hpp"

namespace stochos::bind {
namespace {

using tensor::fail;

// Raises the recording depth of this thread between __enter__ and __exit__.
struct RecordingContext {
  int depth = 0;
};

struct LabelContext {
  std::string name;
  std::vector<tensor::Ref<const tensor::Label>> before;
};

std::vector<Value> values_of(const char* function, const py::sequence& items) {
  std::vector<Value> values;
  values.reserve(items.size());
  for (const py::object item : items) values.push_back(to_value(function, item));
  return values;
}

// Numbers that come in as integers must be some: no fraction, no NaN, none too large.
void expect_kept(const Value& value, DType wanted) {
  if (!is_int(wanted) || value.dtype() == DType::b8 || value.dtype() == wanted) return;
  const tensor::Array array = computed(value).packed();
  const double most = wanted == DType::i32 ? 2147483648.0 : 9223372036854775808.0;
  const auto look = [&](auto zero) {
    const auto* x = array.as<decltype(zero)>();
    for (std::int64_t i = 0; i < array.size(); ++i) {
      const auto number = static_cast<double>(x[i]);
      if (number >= -most && number < most && number == std::floor(number)) continue;
      fail("tensor", "the number " + std::string(py::str(py::cast(x[i]))) + " is none that " +
                         tensor::name_of(wanted) + " has; round it first, or take a float dtype");
    }
  };
  if (value.dtype() == DType::f32) look(float{});
  if (value.dtype() == DType::f64) look(double{});
  if (value.dtype() == DType::i64 && wanted == DType::i32) look(std::int64_t{});
}

py::object make_tensor(py::handle given, py::handle dtype, py::handle copy) {
  const auto wanted = to_dtype_or_none("tensor", dtype);
  Value value;
  if (is_numpy(given.ptr())) {
    value = from_numpy(given.ptr(), !copy.is_none() && !py::cast<bool>(copy));
  } else {
    const Operand operand = bind::operand("tensor", given);
    const bool number = operand.number != Operand::Number::none;
    if (is_tensor(given.ptr()) || is_variable(given.ptr())) {
      return wrapped(wanted ? tensor::cast(operand.value, *wanted) : operand.value);
    }
    if (number && wanted && is_float(*wanted)) return wrapped(tensor::constant(*wanted, operand.real));
    value = number && operand.number == Operand::Number::real ? tensor::constant(DType::f64, operand.real)
            : operand.loose && wanted                         ? operand.value
                                                              : with_dtype_of(operand, nullptr);
    if (!wanted && number) return wrapped(with_dtype_of(operand, nullptr));
  }
  if (wanted) expect_kept(value, *wanted);
  return wrapped(wanted ? tensor::cast(value, *wanted) : value);
}

py::list gradients_of(const py::sequence& outputs, const py::object& cotangents, const py::sequence& wrt) {
  const auto given = values_of("gradients", outputs), targets = values_of("gradients", wrt);
  std::vector<Value> seeds;
  if (!cotangents.is_none()) {
    const auto list = py::reinterpret_borrow<py::sequence>(cotangents);
    if (list.size() != given.size()) {
      fail("gradients", "there are " + std::to_string(list.size()) + " cotangents for " +
                            std::to_string(given.size()) + " outputs");
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
      const py::object item = list[i];
      seeds.push_back(item.is_none() ? Value{} : with_dtype_of(operand("gradients", item), &given[i]));
    }
  }
  py::list out;
  for (Value& value : tensor::gradients(given, seeds, targets)) out.append(wrapped(std::move(value)));
  return out;
}

}  // namespace

void bind_tensor_graph(py::module_& m) {
  define_traces(m);
  m.def("tensor", &make_tensor, py::arg("value"), py::arg("dtype") = py::none(),
        py::arg("copy") = py::none());
  m.def("from_dlpack", [](py::handle x) { return wrapped(from_dlpack(x)); }, py::arg("x"));
  m.def(
      "placeholder",
      [](py::handle shape, py::handle dtype) {
        return wrapped(tensor::placeholder(to_dtype("placeholder", dtype), to_shape("placeholder", shape)));
      },
      py::arg("shape"), py::arg("dtype") = "float32");
  m.def("gradients", &gradients_of, py::arg("outputs"), py::arg("cotangents"), py::arg("wrt"));
  m.def(
      "evaluate", [](const py::sequence& values) { compute(values_of("evaluate", values)); },
      py::arg("values"));
  m.def(
      "settle", [](const py::sequence& values) { tensor::settle(values_of("settle", values)); },
      py::arg("values"));
  m.def("fresh", [](py::handle x) { return wrapped(tensor::fresh(to_value("grad", x))); }, py::arg("x"));
  m.def("recording_depth", [] { return tensor::context().recording; });
  m.def(
      "check_numerics",
      [](bool on) {
        const bool before = tensor::context().check_numerics;
        tensor::context().check_numerics = on;
        return before;
      },
      py::arg("on"));
  py::class_<RecordingContext>(m, "Recording")
      .def(py::init<>())
      .def("__enter__",
           guarded_enter(+[](RecordingContext& self) { ++self.depth, ++tensor::context().recording; }))
      .def("__exit__", guarded_method(+[](RecordingContext& self, const py::args&) {
             if (self.depth > 0) --self.depth, --tensor::context().recording;
           }));
  py::class_<LabelContext>(m, "label")
      .def(py::init([](std::string name) { return LabelContext{std::move(name), {}}; }), py::arg("name"))
      .def("__enter__", guarded_enter(+[](LabelContext& self) {
             auto& now = tensor::context().label;
             self.before.push_back(now);
             now = tensor::make<const tensor::Label>(now ? now->text() + "/" + self.name : self.name);
           }))
      .def("__exit__", guarded_method(+[](LabelContext& self, const py::args&) {
             if (self.before.empty()) return;
             tensor::context().label = self.before.back();
             self.before.pop_back();
           }));
}

}  // namespace stochos::bind
