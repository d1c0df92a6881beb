// The types Tensor and Variable, as plain CPython types: an operator costs well under a microsecond.
#include <Python.h>
// Needs Python.h before it.
#include <structmember.h>

#include <new>

#include "bind/tensor.hpp"
#include "tensor/evaluate.hpp"

namespace stochos::bind {

PyTypeObject* tensor_type = nullptr;
PyTypeObject* variable_type = nullptr;

PyObject* wrap(Value value) {
  PyObject* object = tensor_type->tp_alloc(tensor_type, 0);
  if (object == nullptr) throw py::error_already_set();
  new (&reinterpret_cast<TensorObject*>(object)->value) Value(std::move(value));
  return object;
}

namespace {

using tensor::fail;

template <class Object>
void dealloc(PyObject* self) {
  auto* object = reinterpret_cast<Object*>(self);
  if (object->weak != nullptr) PyObject_ClearWeakRefs(self);
  PyTypeObject* type = Py_TYPE(self);
  if constexpr (std::is_same_v<Object, TensorObject>) {
    object->value.~Value();
  } else {
    object->variable.~Ref();
  }
  type->tp_free(self);
  Py_DECREF(type);
}

Py_hash_t identity_hash(PyObject* self) {
  return static_cast<Py_hash_t>(reinterpret_cast<std::uintptr_t>(self) >> 4);
}

PyObject* no_new(PyTypeObject*, PyObject*, PyObject*) {
  PyErr_SetString(PyExc_TypeError, "make tensors with nn.tensor(array)");
  return nullptr;
}

tensor::Variable& variable(PyObject* self) {
  return *reinterpret_cast<VariableObject*>(self)->variable;
}

PyObject* variable_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guarded([&]() -> PyObject* {
    static const char* names[] = {"value", "name", "trainable", nullptr};
    PyObject* value = nullptr;
    const char* name = "";
    int trainable = 1;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O|sp", const_cast<char**>(names), &value, &name,
                                    &trainable) == 0)
      return nullptr;
    const Value start = to_value("Variable", value);
    computed(start);
    auto made = tensor::make<tensor::Variable>(start, name, trainable != 0);
    PyObject* object = type->tp_alloc(type, 0);
    if (object == nullptr) return nullptr;
    new (&reinterpret_cast<VariableObject*>(object)->variable) tensor::Ref<tensor::Variable>(std::move(made));
    return object;
  });
}

PyObject* variable_assign(PyObject* self, PyObject* given) {
  return guarded([&]() -> PyObject* {
    tensor::Variable& target = variable(self);
    const Operand operand = bind::operand("Variable.assign", given);
    const Value now = target.current(), value = with_dtype_of(operand, &now);
    if (tensor::context().trace == nullptr && value.shape() == target.shape()) computed(value);
    target.assign(value);
    Py_RETURN_NONE;
  });
}

PyObject* variable_repr(PyObject* self) {
  return guarded([&] {
    const tensor::Variable& v = variable(self);
    return py::str("<stochos.nn.Variable '" + v.name() + "' shape=" + to_string(v.shape()) +
                   " dtype=" + tensor::name_of(v.dtype()) + (v.trainable() ? ">" : " frozen>"))
        .release()
        .ptr();
  });
}

int set_trainable(PyObject* self, PyObject* given, void*) {
  const int truth = given == nullptr ? -1 : PyObject_IsTrue(given);
  if (truth < 0) return -1;
  variable(self).set_trainable(truth != 0);
  return 0;
}

int set_name(PyObject* self, PyObject* given, void*) {
  const char* text = given == nullptr ? nullptr : PyUnicode_AsUTF8(given);
  if (text == nullptr) return -1;
  variable(self).rename(text);
  return 0;
}

PyGetSetDef variable_getset[] = {
    {"value", [](PyObject* self, void*) { return guarded([&] { return wrap(variable(self).read()); }); },
     nullptr, "The value now, as a Tensor.", nullptr},
    {"name", [](PyObject* self, void*) { return PyUnicode_FromString(variable(self).name().c_str()); },
     set_name, "What errors and files call it.", nullptr},
    {"trainable", [](PyObject* self, void*) { return PyBool_FromLong(variable(self).trainable()); },
     set_trainable, "Whether optimisers change it.", nullptr},
    {"version", [](PyObject* self, void*) { return PyLong_FromUnsignedLongLong(variable(self).version()); },
     nullptr, "Number of assignments so far.", nullptr},
    {"id", [](PyObject* self, void*) { return PyLong_FromUnsignedLongLong(variable(self).id()); }, nullptr,
     "A number of its own in this process.", nullptr},
    {"shape",
     [](PyObject* self, void*) {
       return guarded([&] { return from_shape(variable(self).shape()).release().ptr(); });
     },
     nullptr, "Sizes of the axes.", nullptr},
    {"dtype",
     [](PyObject* self, void*) {
       return PyUnicode_InternFromString(tensor::name_of(variable(self).dtype()));
     },
     nullptr, "Kind of the elements.", nullptr},
    {"ndim", [](PyObject* self, void*) { return PyLong_FromLong(variable(self).shape().rank()); }, nullptr,
     "Number of axes.", nullptr},
    {"size", [](PyObject* self, void*) { return PyLong_FromLongLong(variable(self).shape().size()); },
     nullptr, "Number of elements.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

const Value& value_of(PyObject* self) {
  return reinterpret_cast<TensorObject*>(self)->value;
}

PyObject* tensor_repr(PyObject* self) {
  return guarded([&] {
    const Value& value = value_of(self);
    std::string text;
    if (value.node->symbolic()) {
      text = "Tensor(no numbers yet, shape=" + to_string(value.shape());
    } else {
      text =
          "Tensor(" + std::string(py::str(to_numpy(computed(value)))) + ", shape=" + to_string(value.shape());
    }
    return py::str(text + ", dtype=" + tensor::name_of(value.dtype()) + ")").release().ptr();
  });
}

PyGetSetDef tensor_getset[] = {
    {"shape",
     [](PyObject* self, void*) {
       return guarded([&] { return from_shape(value_of(self).shape()).release().ptr(); });
     },
     nullptr, "Sizes of the axes.", nullptr},
    {"dtype",
     [](PyObject* self, void*) {
       return PyUnicode_InternFromString(tensor::name_of(value_of(self).dtype()));
     },
     nullptr, "Kind of the elements: 'float32', 'float64', 'int32', 'int64' or 'bool'.", nullptr},
    {"ndim", [](PyObject* self, void*) { return PyLong_FromLong(value_of(self).shape().rank()); }, nullptr,
     "Number of axes.", nullptr},
    {"size", [](PyObject* self, void*) { return PyLong_FromLongLong(value_of(self).shape().size()); },
     nullptr, "Number of elements.", nullptr},
    {"T",
     [](PyObject* self, void*) {
       return guarded([&] {
         const Value& x = value_of(self);
         std::vector<int> order;
         for (int i = x.shape().rank() - 1; i >= 0; --i) order.push_back(i);
         return wrap(tensor::transpose(x, order));
       });
     },
     nullptr, "The axes in reverse order.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef assign_method = {"assign", variable_assign, METH_O,
                             "assign($self, value, /)\n--\n\nReplace the value; the shape stays."};

PyTypeObject* make_type(const char* name, const char* doc, std::size_t size, std::vector<PyType_Slot> slots) {
  static PyMemberDef members[] = {
      {"__weaklistoffset__", T_PYSSIZET, offsetof(TensorObject, weak), READONLY, nullptr},
      {nullptr, 0, 0, 0, nullptr}};
  static_assert(offsetof(TensorObject, weak) == offsetof(VariableObject, weak));
  slots.push_back({Py_tp_members, members});
  slots.push_back({Py_tp_doc, const_cast<char*>(doc)});
  for (const PyType_Slot& slot : shared_slots()) slots.push_back(slot);
  slots.push_back({0, nullptr});
  PyType_Spec spec{name, static_cast<int>(size), 0, Py_TPFLAGS_DEFAULT, slots.data()};
  PyObject* type = PyType_FromSpec(&spec);
  if (type == nullptr) throw py::error_already_set();
  return reinterpret_cast<PyTypeObject*>(type);
}

template <class F>
void* slot(F function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

void bind_tensor_types(py::module_& m) {
  tensor_type = make_type(
      "stochos._core.Tensor",
      "Numbers in up to eight axes; the result of an operation, computed when somebody asks for it.",
      sizeof(TensorObject),
      {{Py_tp_dealloc, slot(dealloc<TensorObject>)},
       {Py_tp_new, slot(no_new)},
       {Py_tp_repr, slot(tensor_repr)},
       {Py_tp_hash, slot(identity_hash)},
       {Py_tp_getset, tensor_getset},
       {Py_tp_methods, tensor_methods}});
  static std::vector<PyMethodDef> methods;
  methods.push_back(assign_method);
  for (const PyMethodDef* method = tensor_methods;; ++method) {
    methods.push_back(*method);
    if (method->ml_name == nullptr) break;
  }
  static std::vector<PyGetSetDef> properties;
  for (const PyGetSetDef& property : variable_getset) {
    if (property.name != nullptr) properties.push_back(property);
  }
  properties.push_back({"T",
                        [](PyObject* self, void*) {
                          return guarded([&] {
                            const Value x = variable(self).read();
                            std::vector<int> order;
                            for (int i = x.shape().rank() - 1; i >= 0; --i) order.push_back(i);
                            return wrap(tensor::transpose(x, order));
                          });
                        },
                        nullptr, "The axes in reverse order.", nullptr});
  properties.push_back({nullptr, nullptr, nullptr, nullptr, nullptr});
  variable_type = make_type("stochos._core.Variable",
                            "Variable(value, name='', trainable=True)\n--\n\nA named tensor that optimisers "
                            "replace; works in every "
                            "operation as a Tensor does.",
                            sizeof(VariableObject),
                            {{Py_tp_dealloc, slot(dealloc<VariableObject>)},
                             {Py_tp_new, slot(variable_new)},
                             {Py_tp_repr, slot(variable_repr)},
                             {Py_tp_hash, slot(identity_hash)},
                             {Py_tp_getset, properties.data()},
                             {Py_tp_methods, methods.data()}});
  for (PyTypeObject* type : {tensor_type, variable_type}) {
    // NumPy arrays leave `array + tensor` to us.
    py::setattr(reinterpret_cast<PyObject*>(type), "__array_priority__", py::int_(1000));
  }
  m.attr("Tensor") = py::handle(reinterpret_cast<PyObject*>(tensor_type));
  m.attr("Variable") = py::handle(reinterpret_cast<PyObject*>(variable_type));
}

}  // namespace stochos::bind
