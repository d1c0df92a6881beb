// Tracing a function once and running what it did again.
#include "bind/tensor.hpp"
#include "tensor/program.hpp"
#include "tensor/trace.hpp"

namespace stochos::bind {
namespace {

using tensor::fail;

struct TraceContext {
  tensor::Ref<tensor::TraceState> state = tensor::make<tensor::TraceState>();
  bool active = false, over = false;
};

struct ProgramHolder {
  tensor::Ref<const tensor::Program> program;
};

std::vector<Value> values_of(const py::sequence& items) {
  std::vector<Value> values;
  values.reserve(items.size());
  for (const py::handle item : items) values.push_back(to_value("compile", item));
  return values;
}

py::list run(const ProgramHolder& self, const py::sequence& arguments) {
  std::vector<tensor::Array> given, results;
  for (const Value& value : values_of(arguments)) given.push_back(computed(value));
  {
    py::gil_scoped_release release;
    results = self.program->run(given, [] {
      py::gil_scoped_acquire gil;
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    });
    given.clear();
  }
  py::list out;
  for (tensor::Array& result : results) out.append(wrapped(tensor::Node::leaf(std::move(result))));
  return out;
}

}  // namespace

void bind_tensor_trace(py::module_& m) {
  m.def("tracing", [] { return tensor::context().trace != nullptr; });
  py::class_<ProgramHolder>(m, "Program")
      .def("run", &run, py::arg("arguments"))
      .def_property_readonly("instructions",
                             [](const ProgramHolder& self) { return self.program->instruction_count(); });
  py::class_<TraceContext>(m, "Trace")
      .def(py::init<>())
      .def(
          "argument",
          [](TraceContext& self, py::handle shape, py::handle dtype) {
            return wrapped(self.state->argument(to_dtype("compile", dtype), to_shape("compile", shape)));
          },
          py::arg("shape"), py::arg("dtype"))
      .def(
          "finish",
          [](TraceContext& self, const py::sequence& results) {
            if (self.active) fail("compile", "the trace is still under way; leave its with block first");
            return ProgramHolder{tensor::make<const tensor::Program>(*self.state, values_of(results))};
          },
          py::arg("results"))
      .def("__enter__",
           [](TraceContext& self) -> TraceContext& {
             if (self.over) fail("compile", "a trace is used once; make another");
             if (tensor::context().trace != nullptr)
               fail("compile",
                    "a trace is under way in this thread already; call the inner function directly");
             tensor::context().trace = self.state.get();
             self.active = true;
             return self;
           })
      .def("__exit__", [](TraceContext& self, const py::args&) {
        if (!self.active) return;
        tensor::context().trace = nullptr;
        self.active = false;
        self.over = true;
      });
}

}  // namespace stochos::bind
