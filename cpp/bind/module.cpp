// The extension module stochos._core. One binding file per subject registers itself here.
#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace stochos::bind {
void bind_base(py::module_& m);
void bind_cuda(py::module_& m);
void bind_words_corpus(py::module_& m);
void bind_words_counts(py::module_& m);
void bind_words_fit(py::module_& m);
void bind_words_vectors(py::module_& m);
void bind_expr(py::module_& m);
void bind_reactions_simulate(py::module_& m);
void bind_reactions_master(py::module_& m);
void bind_tensor_types(py::module_& m);
void bind_tensor_ops(py::module_& m);
void bind_tensor_graph(py::module_& m);
void bind_tensor_flow(py::module_& m);
}  // namespace stochos::bind

// Free-threaded Python may run without its lock: what calls share is guarded in the core, objects that calls
// change are Exclusive or take a critical section, and what is made once is made by gil_safe_call_once.
PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "Compiled core of Stochos; use the public modules instead.";
  stochos::bind::bind_base(m);
  stochos::bind::bind_cuda(m);
  stochos::bind::bind_words_corpus(m);
  stochos::bind::bind_words_counts(m);
  stochos::bind::bind_words_fit(m);
  stochos::bind::bind_words_vectors(m);
  stochos::bind::bind_expr(m);
  stochos::bind::bind_reactions_simulate(m);
  stochos::bind::bind_reactions_master(m);
  stochos::bind::bind_tensor_types(m);
  stochos::bind::bind_tensor_ops(m);
  stochos::bind::bind_tensor_graph(m);
  stochos::bind::bind_tensor_flow(m);
}
