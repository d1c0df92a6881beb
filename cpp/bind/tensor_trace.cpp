// Traces and programs, for nn.compile.
#include "bind/tensor.hpp"
#include "tensor/compile/program.hpp"
#include "tensor/trace.hpp"

namespace stochos::bind {
namespace {

using tensor::fail;

struct Trace {
  tensor::Ref<tensor::TraceState> state = tensor::make<tensor::TraceState>();
  bool active = false;

  ~Trace() { leave(); }
  void leave() {
    if (active && tensor::context().trace == state.get()) tensor::context().trace = nullptr;
    active = false;
  }
};

struct CompiledProgram {
  tensor::Ref<tensor::Program> program;
};

CompiledProgram finish(Trace& trace, const py::sequence& outputs) {
  std::vector<Value> values;
  for (const py::handle output : outputs) values.push_back(to_value("compile", output));
  return {tensor::make<tensor::Program>(*trace.state, Inputs(values))};
}

py::list run(const CompiledProgram& self, const py::sequence& arguments) {
  std::vector<tensor::Array> given;
  given.reserve(arguments.size());
  for (const py::handle argument : arguments) given.push_back(computed(to_value("compile", argument)));
  std::vector<tensor::Array> results;
  constexpr double kShort = 2e4;
  if (self.program->cost() < kShort) {
    results = self.program->run(given);
  } else {
    const tensor::Ref<tensor::Program> kept = self.program;
    const Unlocked unlocked;
    results = kept->run(given, [] {
      const Locked gil;
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    });
  }
  py::list out;
  for (tensor::Array& result : results) out.append(wrapped(tensor::Node::leaf(std::move(result))));
  return out;
}

}  // namespace

void define_traces(py::module_& m) {
  m.def("tracing", [] { return tensor::context().trace != nullptr; });
  py::class_<Trace>(m, "Trace")
      .def(py::init<>())
      .def(
          "__enter__",
          [](Trace& self) -> Trace& {
            if (tensor::context().trace != nullptr)
              fail("compile",
                   "a trace is under way in this thread already; call the inner function directly");
            tensor::context().trace = self.state.get();
            self.active = true;
            return self;
          },
          py::return_value_policy::reference)
      .def("__exit__", [](Trace& self, const py::args&) { self.leave(); })
      .def(
          "argument",
          [](Trace& self, py::handle shape, py::handle dtype) {
            return wrapped(self.state->argument(to_dtype("compile", dtype), to_shape("compile", shape)));
          },
          py::arg("shape"), py::arg("dtype"))
      .def("finish", &finish, py::arg("outputs"));
  py::class_<CompiledProgram>(m, "Program")
      .def("run", &run, py::arg("arguments"))
      .def("instruction_count",
           [](const CompiledProgram& self) { return self.program->instruction_count(); });
}

}  // namespace stochos::bind
