// Making tensors, gradients, recordings, labels, evaluation.
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
  for (const py::handle item : items) values.push_back(to_value(function, item));
  return values;
}

py::object make_tensor(py::handle given, py::handle dtype, py::handle copy) {
  const auto wanted = to_dtype_or_none("tensor", dtype);
  Value value;
  if (is_numpy(given.ptr())) {
    value = from_numpy(given.ptr(), !copy.is_none() && !py::cast<bool>(copy));
  } else {
    const Operand operand = bind::operand("tensor", given);
    if (operand.number != Operand::Number::none && wanted) {
      return wrapped(is_float(*wanted) || operand.number == Operand::Number::real
                         ? tensor::constant(*wanted, operand.real)
                         : tensor::constant(*wanted, operand.whole));
    }
    value = with_dtype_of(operand, nullptr);
  }
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
           [](RecordingContext& self) -> RecordingContext& {
             ++self.depth, ++tensor::context().recording;
             return self;
           })
      .def("__exit__", [](RecordingContext& self, const py::args&) {
        if (self.depth > 0) --self.depth, --tensor::context().recording;
      });
  py::class_<LabelContext>(m, "label")
      .def(py::init([](std::string name) { return LabelContext{std::move(name), {}}; }), py::arg("name"))
      .def("__enter__",
           [](LabelContext& self) -> LabelContext& {
             auto& now = tensor::context().label;
             self.before.push_back(now);
             now = tensor::make<const tensor::Label>(now ? now->text() + "/" + self.name : self.name);
             return self;
           })
      .def("__exit__", [](LabelContext& self, const py::args&) {
        if (self.before.empty()) return;
        tensor::context().label = self.before.back();
        self.before.pop_back();
      });
}

}  // namespace stochos::bind
