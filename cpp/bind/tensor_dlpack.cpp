// DLPack (dmlc/dlpack, version 1.0) and the buffer protocol, both ways.
#include <cstring>

#include "bind/tensor.hpp"

namespace stochos::bind {
namespace {

using tensor::fail;

// The structures of dlpack.h 1.0; their layout is the standard.
struct DLDevice {
  std::int32_t device_type, device_id;
};
struct DLDataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};
struct DLManagedTensor {
  DLTensor tensor;
  void* manager;
  void (*deleter)(DLManagedTensor*);
};
struct DLManagedTensorVersioned {
  std::uint32_t major, minor;
  void* manager;
  void (*deleter)(DLManagedTensorVersioned*);
  std::uint64_t flags;
  DLTensor tensor;
};

constexpr int kCpu = 1;
constexpr std::uint64_t kReadOnly = 1;
constexpr std::uint8_t kInt = 0, kUnsigned = 1, kReal = 2, kBool = 6;

struct Export {
  tensor::Ref<tensor::Buffer> buffer;
  Shape shape;
  tensor::Strides strides;
};

// What a Py_buffer points to.
struct Kept {
  tensor::Array array;
  Py_ssize_t shape[tensor::kMostAxes], strides[tensor::kMostAxes];
};

template <class Managed>
void delete_export(Managed* managed) {
  delete static_cast<Export*>(managed->manager);
  delete managed;
}

template <class Managed>
Managed* export_as(const tensor::Array& array) {
  auto* kept = new Export{array.buffer, array.shape, array.strides};
  auto* managed = new Managed{};
  managed->manager = kept;
  managed->deleter = delete_export<Managed>;
  DLTensor& t = managed->tensor;
  t.data = array.data;
  t.device = {kCpu, 0};
  t.ndim = array.shape.rank();
  const std::uint8_t code = array.dtype == DType::b8 ? kBool : is_float(array.dtype) ? kReal : kInt;
  t.dtype = {code, static_cast<std::uint8_t>(8 * tensor::item_size(array.dtype)), 1};
  t.shape = const_cast<std::int64_t*>(kept->shape.begin());
  t.strides = kept->strides.data();
  return managed;
}

template <class Managed>
void free_unused(PyObject* capsule, const char* name) {
  if (PyCapsule_IsValid(capsule, name) == 0) return;  // somebody took it over
  auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, name));
  managed->deleter(managed);
}

constexpr const char* kPlain = "dltensor";
constexpr const char* kVersioned = "dltensor_versioned";

DType dtype_of(const DLDataType& given) {
  if (given.lanes == 1) {
    if (given.code == kReal && given.bits == 32) return DType::f32;
    if (given.code == kReal && given.bits == 64) return DType::f64;
    if (given.code == kInt && given.bits == 32) return DType::i32;
    if (given.code == kInt && given.bits == 64) return DType::i64;
    if (given.code == kBool && given.bits == 8) return DType::b8;
  }
  fail("from_dlpack",
       "elements of code " + std::to_string(given.code) + " with " + std::to_string(given.bits) +
           " bits have no counterpart; convert to float32, float64, int32, int64 or bool first",
       ErrorKind::type);
}

template <class Managed>
void give_back(void* managed) {
  // The deleter may belong to a Python object.
  if (Py_IsInitialized() == 0) return;
  const Locked gil;
  auto* given = static_cast<Managed*>(managed);
  if (given->deleter != nullptr) given->deleter(given);
}

template <class Managed>
Value import_from(PyObject* capsule, const char* name, const char* used) {
  auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, name));
  const DLTensor& t = managed->tensor;
  if (t.device.device_type != kCpu) fail("from_dlpack", "the memory is not the CPU's; copy it there first");
  if (t.ndim > tensor::kMostAxes) fail("from_dlpack", "a tensor has at most 8 axes");
  tensor::Array array;
  array.dtype = dtype_of(t.dtype);
  array.shape = Shape(std::span<const std::int64_t>(t.shape, static_cast<std::size_t>(t.ndim)));
  array.strides = tensor::row_major(array.shape);
  if (t.strides != nullptr) std::copy_n(t.strides, t.ndim, array.strides.begin());
  array.data = static_cast<std::byte*>(t.data) + t.byte_offset;
  const std::size_t item = tensor::item_size(array.dtype);
  if (array.size() > 0 && reinterpret_cast<std::uintptr_t>(array.data) % item != 0)
    fail("from_dlpack", "the memory is not aligned to its elements; copy it first");
  array.buffer = tensor::Buffer::wrap(array.data, static_cast<std::size_t>(array.size()) * item, managed,
                                      give_back<Managed>);
  if (PyCapsule_SetName(capsule, used) != 0) throw py::error_already_set();
  return tensor::Node::leaf(std::move(array));
}

}  // namespace

py::object to_dlpack(const tensor::Array& given, py::handle max_version, bool copy) {
  tensor::Array array = given;
  const bool versioned = !max_version.is_none() && py::int_(max_version[py::int_(0)]).cast<int>() >= 1;
  // Without flags nobody could be told that the memory is read-only, so he gets his own.
  if (copy || !versioned) {
    array = tensor::Array::make(given.dtype, given.shape);
    tensor::copy_packed(given, array.data);
  }
  PyObject* capsule = nullptr;
  if (versioned) {
    auto* managed = export_as<DLManagedTensorVersioned>(array);
    managed->major = 1;
    managed->flags = copy ? 0 : kReadOnly;
    capsule = PyCapsule_New(managed, kVersioned,
                            [](PyObject* c) { free_unused<DLManagedTensorVersioned>(c, kVersioned); });
  } else {
    auto* managed = export_as<DLManagedTensor>(array);
    capsule = PyCapsule_New(managed, kPlain, [](PyObject* c) { free_unused<DLManagedTensor>(c, kPlain); });
  }
  if (capsule == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(capsule);
}

Value from_dlpack(py::handle object) {
  py::object capsule = py::reinterpret_borrow<py::object>(object);
  if (PyCapsule_CheckExact(object.ptr()) == 0) {
    if (!py::hasattr(object, "__dlpack__")) {
      fail("from_dlpack",
           std::string("an object with __dlpack__ is needed, not ") + Py_TYPE(object.ptr())->tp_name,
           ErrorKind::type);
    }
    try {
      capsule = object.attr("__dlpack__")(py::arg("max_version") = py::make_tuple(1, 0));
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_TypeError)) throw;
      capsule = object.attr("__dlpack__")();  // from before version 1
    }
  }
  if (PyCapsule_IsValid(capsule.ptr(), kVersioned) != 0)
    return import_from<DLManagedTensorVersioned>(capsule.ptr(), kVersioned, "used_dltensor_versioned");
  if (PyCapsule_IsValid(capsule.ptr(), kPlain) != 0)
    return import_from<DLManagedTensor>(capsule.ptr(), kPlain, "used_dltensor");
  fail("from_dlpack", "the capsule holds no DLPack tensor, or somebody has taken it already",
       ErrorKind::type);
}

int fill_buffer(PyObject* owner, const tensor::Array& array, Py_buffer* view, int flags) {
  view->obj = nullptr;
  if ((flags & PyBUF_WRITABLE) == PyBUF_WRITABLE) {
    PyErr_SetString(PyExc_BufferError, "tensors are read-only");
    return -1;
  }
  const bool wants_strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES;
  auto* kept = new Kept{
      wants_strides && (flags & PyBUF_C_CONTIGUOUS) != PyBUF_C_CONTIGUOUS ? array : array.packed(), {}, {}};
  const auto item = static_cast<Py_ssize_t>(tensor::item_size(array.dtype));
  for (int i = 0; i < array.shape.rank(); ++i) {
    kept->shape[i] = array.shape[i];
    kept->strides[i] = kept->array.strides[static_cast<std::size_t>(i)] * item;
  }
  static const char* const formats[] = {"f", "d", "i", sizeof(long) == 8 ? "l" : "q", "?"};
  view->buf = kept->array.data;
  view->obj = Py_NewRef(owner);
  view->len = array.size() * item;
  view->itemsize = item;
  view->readonly = 1;
  view->ndim = array.shape.rank();
  view->format = (flags & PyBUF_FORMAT) == PyBUF_FORMAT
                     ? const_cast<char*>(formats[static_cast<int>(array.dtype)])
                     : nullptr;
  view->shape = (flags & PyBUF_ND) == PyBUF_ND ? kept->shape : nullptr;
  view->strides = wants_strides ? kept->strides : nullptr;
  view->suboffsets = nullptr;
  view->internal = kept;
  return 0;
}

void release_buffer(Py_buffer* view) {
  delete static_cast<Kept*>(view->internal);
}

}  // namespace stochos::bind
