// Jacobians of recurrent cells for nn.gradient_flow.
#include "bind/support.hpp"
#include "bind/tensor.hpp"
#include "kernels/table.hpp"

namespace stochos::bind {

namespace {

template <class T>
void jacobians(const Array<T>& factors, const Array<T>& rows, const Array<T>& direct, const Array<T>& slope,
               Array<T> out) {
  if (factors.ndim() != 3 || rows.ndim() != 3 || out.ndim() != 3)
    throw py::value_error("three axes are needed");
  const auto n = factors.shape(1), units = factors.shape(2);
  const auto matrices = [&](const Array<T>& a, py::ssize_t x, py::ssize_t y, py::ssize_t z) {
    return a.shape(0) == x && a.shape(1) == y && a.shape(2) == z;
  };
  if (!matrices(factors, 4, n, units) || !matrices(rows, 4, units, units) ||
      !matrices(out, n, 2 * units, 2 * units) || direct.size() != n * units || slope.size() != n * units) {
    throw py::value_error("shapes do not fit");
  }
  T* written = out.mutable_data();
  const T *a = factors.data(), *u = rows.data(), *d = direct.data(), *s = slope.data();
  const Unlocked unlocked;
  const kernels::LstmJacobians<T> whole{
      a, u, d, s, static_cast<std::size_t>(n), static_cast<std::size_t>(units), written};
  if constexpr (sizeof(T) == 4) {
    kernels::table().lstm_jacobians_f32(whole);
  } else {
    kernels::table().lstm_jacobians_f64(whole);
  }
}

// Memory that is kept when it is let go of, for the next array of its size: fresh pages cost more than what
// is written to them here.
py::object empty(const py::tuple& sizes, bool single) {
  tensor::Shape shape;
  for (const py::handle size : sizes) shape.push(size.cast<std::int64_t>());
  return to_numpy(tensor::Array::make(single ? tensor::DType::f32 : tensor::DType::f64, shape), false);
}

}  // namespace

void bind_tensor_flow(py::module_& m) {
  const auto define = [&]<class T>(T /*dtype*/) {
    m.def("lstm_jacobians", &jacobians<T>, py::arg("factors").noconvert(), py::arg("rows").noconvert(),
          py::arg("direct").noconvert(), py::arg("slope").noconvert(), py::arg("out").noconvert());
  };
  m.def("empty", &empty, py::arg("shape"), py::arg("single"));
  define(float{});
  define(double{});
}

}  // namespace stochos::bind
