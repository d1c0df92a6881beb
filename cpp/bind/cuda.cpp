// The graphics card: what is there, and dense work on it.
#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "bind/support.hpp"
#include "cuda/dense.hpp"
#include "cuda/device.hpp"
#include "expr/program.hpp"

namespace stochos::bind {
namespace {

// a (m, k) and b (k, n), which the Python face has checked. `reference`: the same on the processor.
template <class T>
Array<T> matmul(const Array<T>& a, const Array<T>& b, bool reference) {
  if (a.ndim() != 2 || b.ndim() != 2 || a.shape(1) != b.shape(0))
    throw Error(ErrorKind::value, "cuda.matmul", "the shapes do not fit together");
  Array<T> out({a.shape(0), b.shape(1)});
  const cuda::ProductShape shape{static_cast<std::size_t>(a.shape(0)), static_cast<std::size_t>(a.shape(1)),
                                 static_cast<std::size_t>(b.shape(1))};
  const T *from_a = a.data(), *from_b = b.data();
  T* const to = out.mutable_data();
  long_call(py::none(), [&](Control& control) {
    if (reference) {
      cuda::matmul_reference(shape, from_a, from_b, to);
    } else {
      cuda::matmul(shape, from_a, from_b, to, [&] { control.poll(); });
    }
    return true;
  });
  return out;
}

Array<double> evaluate(const std::string& text, const std::vector<std::string>& names,
                       const std::vector<Array<double>>& columns, std::size_t size, bool reference) {
  constexpr const char* where = "cuda.evaluate";
  const expr::Ast ast = expr::parse(text, where);
  expr::Symbols symbols;
  std::vector<cuda::Column> places;
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto count = static_cast<std::size_t>(columns.at(k).size());
    if (count != 1 && count != size)
      throw Error(ErrorKind::value, where,
                  "'" + names[k] + "' has " + std::to_string(count) + " values and others have " +
                      std::to_string(size));
    symbols.slots.emplace(names[k], static_cast<std::uint32_t>(k));
    places.push_back({columns[k].data(), count == size && size != 1 ? std::size_t{1} : std::size_t{0}});
  }
  const expr::Program program = expr::compile(ast, symbols, where);
  const std::string obstacle = cuda::Programs::obstacle(program);
  if (!obstacle.empty())
    throw Error(ErrorKind::value, where, "the expression '" + text + "' " + obstacle + "; the device cannot");
  cuda::Programs programs;
  const cuda::Code code = programs.add(program, [](std::uint32_t slot) { return cuda::Place{slot, 0}; });
  std::vector<double> out(size);
  long_call(py::none(), [&](Control& control) {
    if (reference) {
      cuda::evaluate_reference(programs, code, places, out);
    } else {
      cuda::evaluate(programs, code, places, out, [&] { control.poll(); });
    }
    return true;
  });
  return adopt(std::move(out));
}

}  // namespace

void bind_cuda(py::module_& m) {
  using py::arg;
  m.def("cuda_built", &cuda::is_built);
  m.def("cuda_require", &cuda::require, arg("where"));
  m.def("cuda_product_library", &cuda::product_library);
  // (name, major, minor, multiprocessors, bytes) of each.
  m.def("cuda_devices", [] {
    py::list made;
    for (const cuda::Device& d : cuda::devices())
      made.append(py::make_tuple(d.name, d.major, d.minor, d.processors, d.memory));
    return made;
  });
  m.def("cuda_matmul", &matmul<float>, arg("a").noconvert(), arg("b").noconvert(), arg("reference"));
  m.def("cuda_matmul", &matmul<double>, arg("a").noconvert(), arg("b").noconvert(), arg("reference"));
  m.def("cuda_evaluate", &evaluate, arg("text"), arg("names"), arg("columns"), arg("size"), arg("reference"));
}

}  // namespace stochos::bind
