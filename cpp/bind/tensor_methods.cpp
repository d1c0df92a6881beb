// Operators and methods that Tensor and Variable share.
#include <cmath>

#include "bind/tensor.hpp"
#include "tensor/evaluate.hpp"

namespace stochos::bind {
namespace {

using tensor::fail;
namespace binary = kernels::binary;
namespace compare = kernels::compare;

Value self_value(PyObject* self) {
  return is_tensor(self) ? reinterpret_cast<TensorObject*>(self)->value
                         : reinterpret_cast<VariableObject*>(self)->variable->read();
}

// Both sides as values; false when the other side is a stranger, which then gets its turn.
bool both(PyObject* a, PyObject* b, std::pair<Value, Value>& out) {
  Operand x, y;
  if (!to_operand(a, x) || !to_operand(b, y)) return false;
  out = together(x, y);
  return true;
}

template <binary::Code code>
PyObject* binary_slot(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    std::pair<Value, Value> pair;
    if (!both(a, b, pair)) Py_RETURN_NOTIMPLEMENTED;
    return wrap(tensor::binary_op(code, pair.first, pair.second));
  });
}

PyObject* floor_divide_slot(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    std::pair<Value, Value> pair;
    if (!both(a, b, pair)) Py_RETURN_NOTIMPLEMENTED;
    const auto& [x, y] = pair;
    if (is_float(tensor::promote(x.dtype(), y.dtype())))
      return wrap(tensor::unary_op(kernels::unary::floor, tensor::div(x, y)));
    // Exact for integers of any size: (x - x mod y) / y has no rest, but there is no integer division.
    fail("floor_divide", "integers have no floor division; divide as floats and use astype", ErrorKind::type);
  });
}

PyObject* power_slot(PyObject* a, PyObject* b, PyObject* modulus) {
  return guarded([&]() -> PyObject* {
    if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
    Operand x, y;
    if (!to_operand(a, x) || !to_operand(b, y)) Py_RETURN_NOTIMPLEMENTED;
    if (x.number == Operand::Number::none && y.number != Operand::Number::none && is_float(x.value.dtype())) {
      // The powers that people write have operations of their own.
      if (y.real == 2) return wrap(tensor::square(x.value));
      if (y.real == 1) return wrap(x.value);
      if (y.real == 0.5) return wrap(tensor::sqrt(x.value));
      if (y.real == -1) return wrap(tensor::unary_op(kernels::unary::reciprocal, x.value));
    }
    const auto [p, q] = together(x, y);
    return wrap(tensor::binary_op(binary::pow, p, q));
  });
}

PyObject* matmul_slot(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    std::pair<Value, Value> pair;
    if (!both(a, b, pair)) Py_RETURN_NOTIMPLEMENTED;
    return wrap(tensor::matmul(pair.first, pair.second));
  });
}

template <kernels::logical::Code code>
PyObject* logical_slot(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    std::pair<Value, Value> pair;
    if (!both(a, b, pair)) Py_RETURN_NOTIMPLEMENTED;
    if (pair.first.dtype() != DType::b8 || pair.second.dtype() != DType::b8)
      fail("logical", "& | ^ ~ work on bool tensors only", ErrorKind::type);
    return wrap(tensor::logical_op(code, pair.first, pair.second));
  });
}

template <kernels::unary::Code code>
PyObject* unary_slot(PyObject* self) {
  return guarded([&] { return wrap(tensor::unary_op(code, self_value(self))); });
}

PyObject* positive_slot(PyObject* self) {
  return guarded([&] { return wrap(self_value(self)); });
}

PyObject* invert_slot(PyObject* self) {
  return guarded([&] {
    const Value x = self_value(self);
    if (x.dtype() != DType::b8) fail("logical", "& | ^ ~ work on bool tensors only", ErrorKind::type);
    return wrap(tensor::logical_not(x));
  });
}

PyObject* compare_slot(PyObject* a, PyObject* b, int operation) {
  return guarded([&]() -> PyObject* {
    std::pair<Value, Value> pair;
    if (!both(a, b, pair)) Py_RETURN_NOTIMPLEMENTED;
    constexpr compare::Code codes[] = {compare::less,      compare::less_equal, compare::equal,
                                       compare::not_equal, compare::greater,    compare::greater_equal};
    static_assert(Py_LT == 0 && Py_LE == 1 && Py_EQ == 2 && Py_NE == 3 && Py_GT == 4 && Py_GE == 5);
    return wrap(tensor::compare_op(codes[operation], pair.first, pair.second));
  });
}

// The one number of a tensor as Python's.
PyObject* number_of(PyObject* self) {
  const Value x = self_value(self);
  if (x.shape().size() != 1) {
    fail("item", "a tensor of shape " + to_string(x.shape()) + " is not one number");
  }
  const tensor::Array& array = computed(x);
  switch (array.dtype) {
    case DType::f32:
      return PyFloat_FromDouble(static_cast<double>(*array.as<float>()));
    case DType::f64:
      return PyFloat_FromDouble(*array.as<double>());
    case DType::i32:
      return PyLong_FromLong(*array.as<std::int32_t>());
    case DType::i64:
      return PyLong_FromLongLong(*array.as<std::int64_t>());
    case DType::b8:
      break;
  }
  return PyBool_FromLong(*array.as<std::uint8_t>());
}

PyObject* as_float(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const auto number = py::reinterpret_steal<py::object>(number_of(self));
    return PyNumber_Float(number.ptr());
  });
}

PyObject* as_int(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const auto number = py::reinterpret_steal<py::object>(number_of(self));
    return PyNumber_Long(number.ptr());
  });
}

PyObject* as_index(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Value x = self_value(self);
    if (!is_int(x.dtype())) {
      PyErr_SetString(PyExc_TypeError, "only int32 and int64 tensors of one element can be used as an index");
      return nullptr;
    }
    return number_of(self);
  });
}

int as_truth(PyObject* self) {
  PyObject* number = guarded([&] { return number_of(self); });
  if (number == nullptr) return -1;
  const int truth = PyObject_IsTrue(number);
  Py_DECREF(number);
  return truth;
}

Py_ssize_t length(PyObject* self) {
  try {
    const Value x = self_value(self);
    if (x.shape().rank() == 0) {
      PyErr_SetString(PyExc_TypeError, "a tensor without axes has no len()");
      return -1;
    }
    return x.shape()[0];
  } catch (...) {
    set_python_error();
    return -1;
  }
}

PyObject* subscript(PyObject* self, PyObject* key) {
  return guarded([&] { return wrap(get_item(self_value(self), key)); });
}

PyObject* iterate(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Py_ssize_t count = length(self);
    if (count < 0) throw py::error_already_set();
    const Value x = self_value(self);
    py::list items;
    for (Py_ssize_t i = 0; i < count; ++i) items.append(wrapped(get_item(x, py::int_(i))));
    return PyObject_GetIter(items.ptr());
  });
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  try {
    return fill_buffer(self, computed(self_value(self)), view, flags);
  } catch (...) {
    set_python_error();
    view->obj = nullptr;
    return -1;
  }
}

void drop_buffer(PyObject*, Py_buffer* view) {
  release_buffer(view);
}

// Arguments of a method into `out`, in the order of `names`; false with Python's error set.
bool take_arguments(const char* function, PyObject* const* args, Py_ssize_t count, PyObject* names_given,
                    std::initializer_list<const char*> names, PyObject** out) {
  const auto most = static_cast<Py_ssize_t>(names.size());
  if (count > most) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zd arguments (%zd given)", function, most, count);
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i) out[i] = args[i];
  const Py_ssize_t named = names_given == nullptr ? 0 : PyTuple_GET_SIZE(names_given);
  for (Py_ssize_t k = 0; k < named; ++k) {
    PyObject* name = PyTuple_GET_ITEM(names_given, k);
    Py_ssize_t i = 0;
    for (const char* known : names) {
      if (PyUnicode_CompareWithASCIIString(name, known) == 0) break;
      ++i;
    }
    if (i == most || out[i] != nullptr) {
      PyErr_Format(PyExc_TypeError, "%s() got an unexpected argument '%U'", function, name);
      return false;
    }
    out[i] = args[count + k];
  }
  return true;
}

using Reduction = Value (*)(const Value&, tensor::Axes, bool);

template <Reduction reduction>
PyObject* reduce_method(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    // NumPy's functions of the same names hand on `dtype` and `out`.
    PyObject* given[4] = {nullptr, nullptr, nullptr, nullptr};
    if (!take_arguments("reduce", args, count, names, {"axis", "keepdims", "dtype", "out"}, given))
      return nullptr;
    for (const int i : {2, 3}) {
      if (given[i] != nullptr && given[i] != Py_None)
        fail("Tensor", "dtype and out are none of a tensor's; use astype on the result", ErrorKind::type);
    }
    const Value x = self_value(self);
    const py::handle axis = given[0] == nullptr ? py::handle(Py_None) : py::handle(given[0]);
    const bool keep = given[1] != nullptr && PyObject_IsTrue(given[1]) == 1;
    return wrap(reduction(x, to_axes("reduce", axis, x.shape().rank()), keep));
  });
}

PyObject* reshape_method(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    Shape shape;
    if (count == 1) {
      shape = to_shape("reshape", args[0]);
    } else {
      for (Py_ssize_t i = 0; i < count; ++i) shape.push(to_shape("reshape", args[i])[0]);
    }
    return wrap(tensor::reshape_with(self_value(self), shape));
  });
}

PyObject* transpose_method(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    const Value x = self_value(self);
    const int rank = x.shape().rank();
    std::vector<std::int64_t> axes;
    if (count == 0 || (count == 1 && args[0] == Py_None)) {
      for (int i = rank - 1; i >= 0; --i) axes.push_back(i);
    } else if (count == 1) {
      const Shape given = to_shape("transpose", args[0]);
      axes.assign(given.begin(), given.end());
    } else {
      for (Py_ssize_t i = 0; i < count; ++i) axes.push_back(to_shape("transpose", args[i])[0]);
    }
    return wrap(tensor::transpose_with(x, axes));
  });
}

PyObject* astype_method(PyObject* self, PyObject* dtype) {
  return guarded([&] { return wrap(tensor::cast(self_value(self), to_dtype("astype", dtype))); });
}

PyObject* numpy_method(PyObject* self, PyObject*) {
  return guarded([&] { return to_numpy(computed(self_value(self))).release().ptr(); });
}

PyObject* item_method(PyObject* self, PyObject*) {
  return guarded([&] { return number_of(self); });
}

PyObject* array_method(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    PyObject* given[2] = {nullptr, nullptr};
    if (!take_arguments("__array__", args, count, names, {"dtype", "copy"}, given)) return nullptr;
    py::object array = to_numpy(computed(self_value(self)));
    if (given[0] != nullptr && given[0] != Py_None) {
      array = array.attr("astype")(py::handle(given[0]), py::arg("copy") = false);
    }
    if (given[1] == Py_True) array = array.attr("copy")();
    return array.release().ptr();
  });
}

PyObject* dlpack_method(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    PyObject* given[4] = {nullptr, nullptr, nullptr, nullptr};
    if (!take_arguments("__dlpack__", args, count, names, {"stream", "max_version", "dl_device", "copy"},
                        given))
      return nullptr;
    if (given[0] != nullptr && given[0] != Py_None)
      fail("Tensor.__dlpack__", "tensors live in the memory of the CPU: there is no stream");
    if (given[2] != nullptr && given[2] != Py_None && py::handle(given[2])[py::int_(0)].cast<int>() != 1) {
      PyErr_SetString(PyExc_BufferError,
                      "[nn.Tensor.__dlpack__] tensors live in the memory of the CPU alone");
      return nullptr;
    }
    const py::handle version = given[1] == nullptr ? py::handle(Py_None) : py::handle(given[1]);
    return to_dlpack(computed(self_value(self)), version, given[3] == Py_True).release().ptr();
  });
}

PyObject* dlpack_device_method(PyObject*, PyObject*) {
  return Py_BuildValue("(ii)", 1, 0);
}

PyObject* ufunc_method(PyObject*, PyObject* args, PyObject* names) {
  return guarded([&]() -> PyObject* {
    const py::object apply = py::module_::import("stochos.nn._ufuncs").attr("apply");
    return PyObject_Call(apply.ptr(), args, names);
  });
}

// For pickle and copy: the numbers, and of a Variable its name and whether it trains.
PyObject* reduce_to_numbers(PyObject* self, PyObject*) {
  return guarded([&]() -> PyObject* {
    const py::object array = to_numpy(computed(self_value(self))).attr("copy")();
    const py::module_ core = py::module_::import("stochos._core");
    if (!is_variable(self)) return py::make_tuple(core.attr("tensor"), py::make_tuple(array)).release().ptr();
    const py::handle given(self);
    return py::make_tuple(core.attr("Variable"),
                          py::make_tuple(array, given.attr("name"), given.attr("trainable")))
        .release()
        .ptr();
  });
}

template <class F>
PyCFunction method(F function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

constexpr int kNamed = METH_FASTCALL | METH_KEYWORDS;

PyMethodDef tensor_methods[] = {
    {"numpy", numpy_method, METH_NOARGS,
     "numpy($self, /)\n--\n\nThe numbers as a read-only NumPy array, not copied."},
    {"item", item_method, METH_NOARGS, "item($self, /)\n--\n\nThe only element as a Python number."},
    {"astype", astype_method, METH_O, "astype($self, dtype, /)\n--\n\nThe same numbers in another dtype."},
    {"reshape", method(reshape_method), METH_FASTCALL,
     "The same elements in another shape; one size may be -1: what is left."},
    {"transpose", method(transpose_method), METH_FASTCALL,
     "The axes in another order; in reverse without arguments."},
    {"sum", method(reduce_method<tensor::sum>), kNamed,
     "sum($self, /, axis=None, keepdims=False)\n--\n\nSum over axes."},
    {"mean", method(reduce_method<tensor::mean>), kNamed,
     "mean($self, /, axis=None, keepdims=False)\n--\n\nMean over axes."},
    {"max", method(reduce_method<tensor::max>), kNamed,
     "max($self, /, axis=None, keepdims=False)\n--\n\nLargest element over axes."},
    {"min", method(reduce_method<tensor::min>), kNamed,
     "min($self, /, axis=None, keepdims=False)\n--\n\nSmallest element over axes."},
    {"__array__", method(array_method), kNamed,
     "__array__($self, /, dtype=None, copy=None)\n--\n\nFor numpy.asarray."},
    {"__array_ufunc__", method(ufunc_method), METH_VARARGS | METH_KEYWORDS,
     "NumPy's functions of arrays: those that the core has stay operations, with derivatives."},
    {"__reduce__", reduce_to_numbers, METH_NOARGS, "For pickle and copy."},
    {"__dlpack__", method(dlpack_method), kNamed,
     "__dlpack__($self, /, stream=None, max_version=None, dl_device=None, copy=None)\n--\n\nA DLPack capsule "
     "of the "
     "same memory."},
    {"__dlpack_device__", dlpack_device_method, METH_NOARGS,
     "__dlpack_device__($self, /)\n--\n\n(1, 0): the CPU."},
    {nullptr, nullptr, 0, nullptr}};

std::vector<PyType_Slot> shared_slots() {
  const auto slot = [](int id, auto function) { return PyType_Slot{id, reinterpret_cast<void*>(function)}; };
  namespace logical = kernels::logical;
  return {slot(Py_nb_add, binary_slot<binary::add>),
          slot(Py_nb_subtract, binary_slot<binary::sub>),
          slot(Py_nb_multiply, binary_slot<binary::mul>),
          slot(Py_nb_true_divide, binary_slot<binary::div>),
          slot(Py_nb_floor_divide, floor_divide_slot),
          slot(Py_nb_remainder, binary_slot<binary::mod>),
          slot(Py_nb_power, power_slot),
          slot(Py_nb_matrix_multiply, matmul_slot),
          slot(Py_nb_and, logical_slot<logical::both>),
          slot(Py_nb_or, logical_slot<logical::either>),
          slot(Py_nb_xor, logical_slot<logical::differ>),
          slot(Py_nb_negative, unary_slot<kernels::unary::neg>),
          slot(Py_nb_absolute, unary_slot<kernels::unary::abs>),
          slot(Py_nb_positive, positive_slot),
          slot(Py_nb_invert, invert_slot),
          slot(Py_nb_bool, as_truth),
          slot(Py_nb_float, as_float),
          slot(Py_nb_int, as_int),
          slot(Py_nb_index, as_index),
          slot(Py_tp_richcompare, compare_slot),
          slot(Py_mp_length, length),
          slot(Py_mp_subscript, subscript),
          slot(Py_tp_iter, iterate),
          slot(Py_bf_getbuffer, get_buffer),
          slot(Py_bf_releasebuffer, drop_buffer)};
}

}  // namespace stochos::bind
