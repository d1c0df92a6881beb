// x[key] by NumPy's rules: ints, slices, None, Ellipsis, integer arrays on any axes, bool masks.
#include <algorithm>

#include "bind/tensor.hpp"
#include "tensor/evaluate.hpp"

namespace stochos::bind {
namespace {

using tensor::fail;
constexpr const char* kWhere = "getitem";

struct Part {
  enum class Kind : std::uint8_t { slice, whole, fresh, place, gather } kind;
  tensor::Slice slice{};  // of the source axis; for an int: count 1, dropped afterwards
  Value indices;          // of a gather
};

// Whether the key holds places rather than a range.
bool is_array_key(PyObject* item) {
  return is_tensor(item) || is_variable(item) || is_numpy(item) || PyList_Check(item);
}

// The places of true elements, one index tensor per axis of the mask.
std::vector<Value> places_of(const Value& mask) {
  const tensor::Array truth = computed(mask).packed();
  const int rank = truth.shape.rank();
  std::vector<std::vector<std::int64_t>> found(static_cast<std::size_t>(rank));
  const auto strides = tensor::row_major(truth.shape);
  for (std::int64_t i = 0; i < truth.size(); ++i) {
    if (truth.as<std::uint8_t>()[i] == 0) continue;
    for (std::size_t axis = 0; axis < found.size(); ++axis)
      found[axis].push_back(i / strides[axis] % truth.shape[static_cast<int>(axis)]);
  }
  std::vector<Value> out;
  for (const auto& list : found) {
    tensor::Array array = tensor::Array::make(DType::i64, {static_cast<std::int64_t>(list.size())});
    std::copy(list.begin(), list.end(), array.as<std::int64_t>());
    out.push_back(tensor::Node::leaf(std::move(array)));
  }
  return out;
}

class Key {
 public:
  Key(const Value& x, py::handle key) : x_(x) {
    std::vector<py::object> items;
    if (PyTuple_Check(key.ptr())) {
      for (const py::handle item : py::reinterpret_borrow<py::tuple>(key))
        items.push_back(py::reinterpret_borrow<py::object>(item));
    } else {
      items.push_back(py::reinterpret_borrow<py::object>(key));
    }
    int used = 0, dots = 0;
    std::vector<Value> arrays(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      PyObject* item = items[i].ptr();
      if (item == Py_Ellipsis) {
        ++dots;
      } else if (PyBool_Check(item)) {
        fail(kWhere, "True and False are no indices here; use x[None] for a new axis", ErrorKind::type);
      } else if (item != Py_None) {
        used += is_array_key(item) ? width(item, arrays[i]) : 1;
      }
    }
    if (dots > 1) fail(kWhere, "an index has at most one '...'");
    if (used > x.shape().rank()) {
      fail(kWhere, "a tensor of shape " + to_string(x.shape()) + " has fewer axes than the index names (" +
                       std::to_string(used) + ")");
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].ptr() == Py_Ellipsis) {
        fill(x.shape().rank() - used);
      } else {
        read(items[i].ptr(), arrays[i]);
      }
    }
    fill(x.shape().rank() - axis_);
  }

  Value run() {
    const Value narrowed = narrow();
    return gathered_ ? gather(narrowed) : narrowed;
  }

 private:
  // How many axes an array takes: a mask as many as it has.
  static int width(PyObject* item, Value& array) {
    array = to_value(kWhere, item);
    if (array.dtype() == DType::b8) return std::max(1, array.shape().rank());
    if (is_float(array.dtype())) {
      if (array.shape().size() == 0) {
        array = tensor::cast(array, DType::i64);  // [] is a list of no indices
        return 1;
      }
      fail(kWhere,
           std::string("indices are ") + tensor::name_of(array.dtype()) + "; they must be integers or bool",
           ErrorKind::type);
    }
    return 1;
  }

  void fill(int count) {
    for (; count > 0; --count) {
      parts_.push_back({Part::Kind::whole, {0, x_.shape()[axis_], 1}, {}});
      ++axis_;
    }
  }

  void read(PyObject* item, const Value& array) {
    if (item == Py_None) {
      parts_.push_back({Part::Kind::fresh, {}, {}});
      return;
    }
    if (PySlice_Check(item)) {
      Py_ssize_t start = 0, stop = 0, step = 0;
      if (PySlice_Unpack(item, &start, &stop, &step) < 0) throw py::error_already_set();
      const Py_ssize_t count = PySlice_AdjustIndices(x_.shape()[axis_], &start, &stop, step);
      parts_.push_back({Part::Kind::slice, {start, count, step}, {}});
      ++axis_;
      return;
    }
    if (array && array.dtype() == DType::b8) {
      if (array.shape().rank() == 0) fail(kWhere, "a mask without axes is no index", ErrorKind::type);
      for (int i = 0; i < array.shape().rank(); ++i) {
        if (array.shape()[i] != x_.shape()[axis_ + i]) {
          fail(kWhere, "a mask of shape " + to_string(array.shape()) + " does not fit a tensor of shape " +
                           to_string(x_.shape()) + " at axis " + std::to_string(axis_));
        }
      }
      for (const Value& places : places_of(array)) push_gather(places);
      return;
    }
    if (array && (array.shape().rank() > 0 || array.node->symbolic())) {
      push_gather(array);
      return;
    }
    const Py_ssize_t place = PyNumber_AsSsize_t(item, PyExc_IndexError);
    if (place == -1 && PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      fail(kWhere,
           std::string("an index is ") + Py_TYPE(item)->tp_name + "; use ints, slices, None, ... or tensors",
           ErrorKind::type);
    }
    const std::int64_t size = x_.shape()[axis_];
    if (place < -size || place >= size) {
      // Python ends loops over old-style sequences by this error.
      PyErr_Format(PyExc_IndexError, "[nn.getitem] index %zd is out of range for axis %d of size %zd", place,
                   axis_, static_cast<Py_ssize_t>(size));
      throw py::error_already_set();
    }
    parts_.push_back({Part::Kind::place, {place < 0 ? place + size : place, 1, 1}, {}});
    ++axis_;
  }

  void push_gather(const Value& indices) {
    parts_.push_back({Part::Kind::gather, {0, x_.shape()[axis_], 1}, indices});
    ++axis_;
    gathered_ = true;
  }

  // Slices, then the axes of ints taken out and new ones put in. A gathered axis stays.
  Value narrow() {
    std::vector<tensor::Slice> slices;
    Shape shape;
    for (const Part& part : parts_) {
      if (part.kind != Part::Kind::fresh) slices.push_back(part.slice);
      if (part.kind == Part::Kind::fresh) {
        shape.push(1);
      } else if (part.kind != Part::Kind::place) {
        shape.push(part.slice.count);
      }
    }
    return tensor::reshape(tensor::slice(x_, slices), shape);
  }

  // The gathered axes brought side by side, joined, and taken from by one number.
  Value gather(Value x) {
    std::vector<int> axes;
    std::vector<Value> indices;
    int at = 0;
    bool apart = false;
    for (const Part& part : parts_) {
      if (part.kind == Part::Kind::place) continue;
      if (part.kind == Part::Kind::gather) {
        apart = apart || (!axes.empty() && axes.back() != at - 1);
        axes.push_back(at);
        indices.push_back(part.indices);
      }
      ++at;
    }
    int first = axes.front();
    if (apart) {
      std::vector<int> order(axes);
      for (int i = 0; i < x.shape().rank(); ++i) {
        if (std::find(axes.begin(), axes.end(), i) == axes.end()) order.push_back(i);
      }
      x = tensor::transpose(x, order);
      first = 0;
    }
    if (indices.size() == 1) return tensor::take(x, indices[0], first);
    Shape joined;
    for (int i = 0; i < first; ++i) joined.push(x.shape()[i]);
    Value place;
    std::int64_t size = 1;
    for (std::size_t k = 0; k < indices.size(); ++k) {
      const std::int64_t n = x.shape()[first + static_cast<int>(k)];
      const Value index = tensor::normal_index(indices[k], n);
      place = place ? tensor::add(tensor::mul(place, tensor::constant(DType::i64, n)), index) : index;
      size *= n;
    }
    joined.push(size);
    for (int i = first + static_cast<int>(indices.size()); i < x.shape().rank(); ++i)
      joined.push(x.shape()[i]);
    return tensor::take(tensor::reshape(x, joined), place, first);
  }

  const Value& x_;
  std::vector<Part> parts_;
  int axis_ = 0;
  bool gathered_ = false;
};

}  // namespace

Value get_item(const Value& x, py::handle key) {
  return Key(x, key).run();
}

}  // namespace stochos::bind
