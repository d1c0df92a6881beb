// Traces and programs, for nn.compile.
#include "bind/tensor.hpp"
#include "tensor/compile/program.hpp"
#include "tensor/functions.hpp"
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
  for (const py::object output : outputs) values.push_back(to_value("compile", output));
  return {tensor::make<tensor::Program>(*trace.state, Inputs(values))};
}

py::list run(const CompiledProgram& self, const py::sequence& arguments) {
  std::vector<tensor::Array> given;
  given.reserve(arguments.size());
  for (const py::object argument : arguments) given.push_back(computed(to_value("compile", argument)));
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
  m.def(
      "require_finite",
      [](py::handle x, const std::string& where, const std::string& what) {
        return wrapped(tensor::require_finite(to_value("require_finite", x), where, what));
      },
      py::arg("x"), py::arg("where"), py::arg("what"));
  py::class_<Trace>(m, "Trace")
      .def(py::init<>())
      .def("__enter__", guarded_enter(+[](Trace& self) {
             if (tensor::context().trace != nullptr)
               fail("compile",
                    "a trace is under way in this thread already; call the inner function directly");
             tensor::context().trace = self.state.get();
             self.active = true;
           }))
      .def("__exit__", guarded_method(+[](Trace& self, const py::args&) { self.leave(); }))
      .def(
          "argument",
          [](const py::object& self, py::handle shape, py::handle dtype) {
            const DType kind = to_dtype("compile", dtype);
            const Shape sizes = to_shape("compile", shape);
            const py::scoped_critical_section lock(self);
            return wrapped(self.cast<Trace&>().state->argument(kind, sizes));
          },
          py::arg("shape"), py::arg("dtype"))
      .def("finish", &finish, py::arg("outputs"));
  py::class_<CompiledProgram>(m, "Program")
      .def("run", &run, py::arg("arguments"))
      .def("instruction_count", [](const CompiledProgram& self) { return self.program->instruction_count(); })
      .def("statistics", [](const CompiledProgram& self) {
        const tensor::Program::Counts& counts = self.program->counts();
        py::dict out;
        out["operations"] = counts.operations;
        out["merged"] = counts.merged;
        out["instructions"] = self.program->instruction_count();
        out["chains"] = counts.chains;
        out["epilogues"] = counts.epilogues;
        out["fused"] = counts.fused;
        out["joined"] = counts.joined;
        out["updates"] = self.program->update_count();
        out["arena_bytes"] = counts.arena_bytes;
        out["apart_bytes"] = counts.apart_bytes;
        return out;
      });
}

}  // namespace stochos::bind
