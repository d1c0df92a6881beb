// NumPy arrays, numbers, dtypes and shapes to and from the tensor room.
#include <pybind11/gil_safe_call_once.h>

#include <algorithm>
#include <cstring>

#include "bind/tensor.hpp"
#include "tensor/evaluate.hpp"

namespace stochos::bind {

using tensor::fail;

namespace {

constexpr int kBool = 0, kInt = 5, kLong = 7, kLongLong = 9, kFloat = 11,
              kDouble = 12;  // NumPy's type numbers
static_assert(sizeof(int) == 4);

bool dtype_of(int number, DType& out) {
  switch (number) {
    case kBool:
      out = DType::b8;
      return true;
    case kInt:
      out = DType::i32;
      return true;
    case kLong:
      out = sizeof(long) == 8 ? DType::i64 : DType::i32;
      return true;
    case kLongLong:
      out = DType::i64;
      return true;
    case kFloat:
      out = DType::f32;
      return true;
    case kDouble:
      out = DType::f64;
      return true;
    default:
      return false;
  }
}

// Dtypes that the core lacks go to the smallest that holds them.
py::array in_known_dtype(const py::array& array) {
  const char kind = array.dtype().kind();
  const auto size = array.dtype().itemsize();
  const char* target = nullptr;
  if (kind == 'f') target = size <= 4 ? "float32" : "float64";
  if (kind == 'i') target = size <= 4 ? "int32" : "int64";
  if (kind == 'u' && size <= 4) target = size <= 2 ? "int32" : "int64";
  if (kind == 'b') target = "bool";
  if (target == nullptr || size > 8) {
    fail("tensor",
         "a NumPy array of dtype " + std::string(py::str(py::object(array.dtype()))) +
             " has no counterpart; convert it to float32, float64, int32, int64 or bool",
         ErrorKind::type);
  }
  return py::array(array.attr("astype")(target));
}

// The array's own memory, without an owner; false when it is not laid out in whole elements.
bool see(const py::array& array, DType dtype, tensor::Array& out) {
  if (array.ndim() > tensor::kMostAxes) fail("tensor", "a tensor has at most 8 axes; the array has more");
  const auto item = static_cast<py::ssize_t>(tensor::item_size(dtype));
  out.dtype = dtype;
  out.data = static_cast<std::byte*>(const_cast<void*>(array.data()));
  if (reinterpret_cast<std::uintptr_t>(out.data) % static_cast<std::uintptr_t>(item) != 0) return false;
  for (py::ssize_t i = 0; i < array.ndim(); ++i) {
    if (array.strides(i) % item != 0) return false;
    out.shape.push(array.shape(i));
    out.strides[static_cast<std::size_t>(i)] = array.strides(i) / item;
  }
  return true;
}

void drop_reference(void* object) {
  if (Py_IsInitialized() == 0) return;
  const Locked gil;
  Py_DECREF(static_cast<PyObject*>(object));
}

const py::dtype& numpy_dtype(DType dtype) {
  // Kept for the life of the process. No plain static: while one is made no other thread may wait for it with
  // the interpreter's lock in its hands, which NumPy may let go of.
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<std::vector<py::dtype>> all;
  all.call_once_and_store_result([] {
    return std::vector<py::dtype>{py::dtype::of<float>(), py::dtype::of<double>(),
                                  py::dtype::of<std::int32_t>(), py::dtype::of<std::int64_t>(),
                                  py::dtype::of<bool>()};
  });
  return all.get_stored()[static_cast<std::size_t>(dtype)];
}

}  // namespace

bool is_numpy(PyObject* object) {
  return py::isinstance<py::array>(object) ||
         PyObject_TypeCheck(object, py::detail::npy_api::get().PyVoidArrType_Type_->tp_base->tp_base) != 0;
}

Value from_numpy(PyObject* object, bool alias) {
  auto array = py::reinterpret_borrow<py::array>(object);
  if (!py::isinstance<py::array>(object))
    array = py::array(py::module_::import("numpy").attr("asarray")(py::handle(object)));
  DType dtype{};
  const auto* descriptor = py::detail::array_descriptor_proxy(py::detail::array_proxy(array.ptr())->descr);
  bool fits = dtype_of(descriptor->type_num, dtype) && descriptor->byteorder != '>';
  if (!fits) {
    array = in_known_dtype(array);
    dtype_of(array.dtype().num(), dtype);
  }
  tensor::Array seen;
  if (!see(array, dtype, seen)) {
    fits = false;
    array = py::array(py::module_::import("numpy").attr("array")(array));
    seen = tensor::Array();
    see(array, dtype, seen);
  }
  if (alias) {
    if (!fits) {
      fail("tensor",
           "this array cannot be shared: its dtype, byte order or alignment needs a copy; leave copy=None");
    }
    const auto item = static_cast<std::int64_t>(tensor::item_size(dtype));
    array.inc_ref();
    seen.buffer = tensor::Buffer::wrap(seen.data, static_cast<std::size_t>(seen.size() * item), array.ptr(),
                                       drop_reference);
    return tensor::Node::leaf(std::move(seen));
  }
  tensor::Array own = tensor::Array::make(dtype, seen.shape);
  tensor::copy_packed(seen, own.data);
  return tensor::Node::leaf(std::move(own));
}

py::object to_numpy(const tensor::Array& array, bool read_only) {
  const auto item = static_cast<py::ssize_t>(tensor::item_size(array.dtype));
  std::vector<py::ssize_t> shape, strides;
  for (int i = 0; i < array.shape.rank(); ++i) {
    shape.push_back(array.shape[i]);
    strides.push_back(array.strides[static_cast<std::size_t>(i)] * item);
  }
  py::capsule keeper(new tensor::Ref<tensor::Buffer>(array.buffer),
                     [](void* p) { delete static_cast<tensor::Ref<tensor::Buffer>*>(p); });
  py::array made(numpy_dtype(array.dtype), std::move(shape), std::move(strides), array.data, keeper);
  if (read_only) py::detail::array_proxy(made.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return made;
}

namespace {

// A list or tuple, nested or not, in which nothing is float64 but Python's numbers.
bool only_numbers(PyObject* object) {
  if (is_tensor(object) || is_variable(object)) return to_value("tensor", object).dtype() != DType::f64;
  if (py::isinstance<py::array>(object))
    return py::reinterpret_borrow<py::array>(object).dtype().num() != kDouble;
  if (!PyList_Check(object) && !PyTuple_Check(object)) return true;
  const auto items = py::reinterpret_borrow<py::sequence>(object);
  return std::all_of(items.begin(), items.end(),
                     [](const py::object& item) { return only_numbers(item.ptr()); });
}

py::array array_of(PyObject* list) {
  try {
    return py::array(py::module_::import("numpy").attr("asarray")(py::handle(list)));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_ValueError)) throw;
    fail("tensor", "the list has rows of different lengths; give equal ones, or pad them");
  }
}

}  // namespace

bool to_operand(PyObject* object, Operand& out) {
  if (is_tensor(object)) {
    out.value = reinterpret_cast<TensorObject*>(object)->value;
    return true;
  }
  if (is_variable(object)) {
    out.value = reinterpret_cast<VariableObject*>(object)->variable->read();
    return true;
  }
  if (PyBool_Check(object)) {
    out.number = Operand::Number::truth;
    out.whole = object == Py_True;
    out.real = static_cast<double>(out.whole);
    return true;
  }
  if (PyFloat_Check(object)) {
    out.number = Operand::Number::real;
    out.real = PyFloat_AS_DOUBLE(object);
    return true;
  }
  if (PyLong_Check(object)) {
    out.number = Operand::Number::integer;
    out.whole = PyLong_AsLongLong(object);
    if (out.whole == -1 && PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      fail("tensor", "the number " + std::string(py::str(py::handle(object))) + " does not fit in int64");
    }
    out.real = static_cast<double>(out.whole);
    return true;
  }
  if (is_numpy(object)) {
    out.value = from_numpy(object, false);
    return true;
  }
  if (PyList_Check(object) || PyTuple_Check(object)) {
    out.value = from_numpy(array_of(object).ptr(), false);
    // Python's numbers are float32 here, alone or in a list, but where a tensor says otherwise.
    out.loose = out.value.dtype() == DType::f64 && only_numbers(object);
    return true;
  }
  return false;
}

Operand operand(const char* function, py::handle object) {
  Operand out;
  if (!to_operand(object.ptr(), out)) {
    fail(function,
         std::string("a tensor, NumPy array or number is needed, not ") + Py_TYPE(object.ptr())->tp_name,
         ErrorKind::type);
  }
  return out;
}

Value with_dtype_of(const Operand& operand, const Value* like) {
  using Number = Operand::Number;
  switch (operand.number) {
    case Number::none:
      if (!operand.loose) return operand.value;
      return tensor::cast(operand.value,
                          like != nullptr && is_float(like->dtype()) ? like->dtype() : DType::f32);
    case Number::truth:
      return tensor::constant(like != nullptr ? like->dtype() : DType::b8, operand.whole);
    case Number::integer: {
      const DType dtype = like != nullptr && like->dtype() != DType::b8 ? like->dtype() : DType::i64;
      return is_float(dtype) ? tensor::constant(dtype, operand.real) : tensor::constant(dtype, operand.whole);
    }
    case Number::real:
      break;
  }
  return tensor::constant(like != nullptr && is_float(like->dtype()) ? like->dtype() : DType::f32,
                          operand.real);
}

std::pair<Value, Value> together(const Operand& a, const Operand& b) {
  if (a.number == Operand::Number::none && !a.loose) return {a.value, with_dtype_of(b, &a.value)};
  if (b.number == Operand::Number::none && !b.loose) return {with_dtype_of(a, &b.value), b.value};
  return {with_dtype_of(a, nullptr), with_dtype_of(b, nullptr)};
}

DType to_dtype(const char* function, py::handle object) {
  if (py::isinstance<py::str>(object)) {
    const auto text = object.cast<std::string>();
    for (int i = 0; i < tensor::kDTypes; ++i) {
      if (text == tensor::name_of(static_cast<DType>(i))) return static_cast<DType>(i);
    }
  } else {
    if (object.ptr() == reinterpret_cast<PyObject*>(&PyFloat_Type)) return DType::f32;
    DType dtype{};
    try {
      if (dtype_of(py::dtype::from_args(py::reinterpret_borrow<py::object>(object)).num(), dtype))
        return dtype;
    } catch (py::error_already_set&) {
    }
  }
  fail(function,
       "dtype " + std::string(py::repr(object)) + " is not one of float32, float64, int32, int64, bool");
}

std::optional<DType> to_dtype_or_none(const char* function, py::handle object) {
  if (object.is_none()) return std::nullopt;
  return to_dtype(function, object);
}

void compute(Inputs values) {
  tensor::Evaluation plan(values);
  constexpr double kShort = 2e4;  // elementary operations, about 10 us
  if (plan.cost() < kShort) {
    plan.run();
    return;
  }
  const Unlocked unlocked;
  plan.run([] {
    const Locked gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  });
}

Shape to_shape(const char* function, py::handle object) {
  Shape shape;
  const auto push = [&](py::handle item) {
    const Py_ssize_t size = PyNumber_AsSsize_t(item.ptr(), PyExc_OverflowError);
    if (size == -1 && PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      fail(function, "shape " + std::string(py::repr(object)) + " is not an int or a sequence of ints",
           ErrorKind::type);
    }
    shape.push(size);
  };
  if (PyIndex_Check(object.ptr()) != 0) {
    push(object);
  } else if (PySequence_Check(object.ptr()) != 0) {
    for (const py::object item : py::reinterpret_borrow<py::sequence>(object)) push(item);
  } else {
    fail(function, "shape " + std::string(py::repr(object)) + " is not an int or a sequence of ints",
         ErrorKind::type);
  }
  return shape;
}

py::tuple from_shape(const Shape& shape) {
  py::tuple out(static_cast<std::size_t>(shape.rank()));
  for (int i = 0; i < shape.rank(); ++i) PyTuple_SET_ITEM(out.ptr(), i, PyLong_FromLongLong(shape[i]));
  return out;
}

tensor::Axes to_axes(const char* function, py::handle axis, int rank) {
  if (axis.is_none()) return (1U << rank) - 1;
  tensor::Axes axes = 0;
  for (const std::int64_t one : to_shape(function, axis)) {
    const tensor::Axes bit = 1U << tensor::normal_axis(function, one, rank);
    if ((axes & bit) != 0) fail(function, "axis " + std::to_string(one) + " is named twice");
    axes |= bit;
  }
  return axes;
}

}  // namespace stochos::bind
