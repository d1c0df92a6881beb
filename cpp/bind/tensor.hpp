// Tensors in Python: the two types' layout and the ways in and out.
#pragma once
#include <pybind11/critical_section.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bind/support.hpp"
#include "tensor/functions.hpp"
#include "tensor/node.hpp"
#include "tensor/variable.hpp"

namespace stochos::bind {

using tensor::DType;
using tensor::Inputs;
using tensor::Shape;
using tensor::Value;

struct TensorObject {
  PyObject_HEAD PyObject* weak;
  Value value;
};

struct VariableObject {
  PyObject_HEAD PyObject* weak;
  tensor::Ref<tensor::Variable> variable;
};

extern PyTypeObject* tensor_type;
extern PyTypeObject* variable_type;

inline bool is_tensor(PyObject* object) {
  return Py_TYPE(object) == tensor_type;
}
inline bool is_variable(PyObject* object) {
  return Py_TYPE(object) == variable_type;
}

// A new reference; throws py::error_already_set.
PyObject* wrap(Value value);
inline py::object wrapped(Value value) {
  return py::reinterpret_steal<py::object>(wrap(std::move(value)));
}

// What Python passes where a tensor is meant. A Python number has no dtype of its own.
struct Operand {
  enum class Number : std::uint8_t { none, truth, integer, real };
  Value value;
  Number number = Number::none;
  bool loose = false;  // a list of Python's floats, read as float64: its dtype is not settled either
  std::int64_t whole = 0;
  double real = 0;
};

// False for objects that are no tensors, numbers, arrays or nested lists of numbers.
bool to_operand(PyObject* object, Operand& out);
// Throws Error(type) that names the function instead.
Operand operand(const char* function, py::handle object);
// With the dtype of `like`, as far as it can hold the number.
Value with_dtype_of(const Operand& operand, const Value* like);
// Of two operands: the numbers take the other's dtype.
std::pair<Value, Value> together(const Operand& a, const Operand& b);
inline Value to_value(const char* function, py::handle object) {
  return with_dtype_of(operand(function, object), nullptr);
}

// A NumPy array as a tensor; `alias` asks for the same memory (throws when that cannot be).
Value from_numpy(PyObject* array, bool alias);
bool is_numpy(PyObject* object);
// A read-only view that keeps the memory alive.
py::object to_numpy(const tensor::Array& array, bool read_only = true);
// "float32", numpy.float32, numpy.dtype, float, int, bool. Throws Error(value).
DType to_dtype(const char* function, py::handle object);
std::optional<DType> to_dtype_or_none(const char* function, py::handle object);

// Computes, without the GIL when it is worth it, and looks for Ctrl-C.
void compute(Inputs values);
inline const tensor::Array& computed(const Value& value) {
  if (!value.node->done()) compute({&value, 1});
  return value.array();
}

// An int or a sequence of ints.
Shape to_shape(const char* function, py::handle object);
py::tuple from_shape(const Shape& shape);
// None (all axes), an int or a tuple of ints.
tensor::Axes to_axes(const char* function, py::handle axis, int rank);

// x[key]; key as NumPy has it.
Value get_item(const Value& x, py::handle key);
py::object to_dlpack(const tensor::Array& array, py::handle max_version, bool copy);
Value from_dlpack(py::handle object);
int fill_buffer(PyObject* owner, const tensor::Array& array, Py_buffer* view, int flags);
void release_buffer(Py_buffer* view);

// A method f(self, ...) of T that one thread at a time runs on the same object. It must not call Python.
template <class T, class R, class... A>
auto guarded_method(R (*f)(T&, A...)) {
  return [f](const py::object& self, A... arguments) -> R {
    const py::scoped_critical_section lock(self);
    return f(self.cast<T&>(), std::forward<A>(arguments)...);
  };
}
// __enter__: returns the object itself.
template <class T>
auto guarded_enter(void (*f)(T&)) {
  return [f](const py::object& self) {
    const py::scoped_critical_section lock(self);
    f(self.cast<T&>());
    return self;
  };
}

// stochos._core.ops, a class of static functions.
struct Ops {};
void define_traces(py::module_& m);
void define_composites(py::class_<Ops>& ops);
void define_recurrent(py::class_<Ops>& ops);

// Methods and number slots that Tensor and Variable share.
extern PyMethodDef tensor_methods[];
std::vector<PyType_Slot> shared_slots();

// Runs f, which gives a new reference; errors become Python's.
template <class F>
PyObject* guarded(F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    set_python_error();
    return nullptr;
  }
}

}  // namespace stochos::bind
