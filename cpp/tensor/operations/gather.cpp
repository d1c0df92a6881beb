// Elements by their numbers, and the adjoints that add them back.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tensor/functions.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

// A contiguous array as (outer, axis, inner).
struct Split {
  std::int64_t outer = 1, axis = 1, inner = 1;
};

Split split_at(const Shape& shape, int axis) {
  Split split;
  for (int i = 0; i < shape.rank(); ++i)
    (i < axis ? split.outer : i > axis ? split.inner : split.axis) *= shape[i];
  return split;
}

// Places as int64 in 0..size-1. Throws Error(value) on one outside of the axis.
std::vector<std::int64_t> places(const char* name, const Array& given, std::int64_t size) {
  const Array indices = given.packed();
  std::vector<std::int64_t> out(static_cast<std::size_t>(indices.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t index =
        indices.dtype == DType::i32 ? indices.as<std::int32_t>()[i] : indices.as<std::int64_t>()[i];
    if (index < -size || index >= size) {
      fail(name,
           "index " + std::to_string(index) + " is out of range for an axis of size " + std::to_string(size));
    }
    out[i] = index < 0 ? index + size : index;
  }
  return out;
}

void check_indices(const char* name, const Value& indices) {
  if (!is_int(indices.dtype())) {
    fail(name, std::string("indices are ") + name_of(indices.dtype()) + "; they must be int32 or int64",
         ErrorKind::type);
  }
}

// Shapes: x (before, size, after), indices I -> (before, I, after).
class Take : public Operation {
 public:
  explicit Take(int axis) : Operation("take"), axis_(axis) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    const Shape &x = inputs[0].shape(), &indices = inputs[1].shape();
    outputs[0].dtype = inputs[0].dtype();
    for (int i = 0; i < axis_; ++i) outputs[0].shape.push(x[i]);
    for (const std::int64_t size : indices) outputs[0].shape.push(size);
    for (int i = axis_ + 1; i < x.rank(); ++i) outputs[0].shape.push(x[i]);
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array x = inputs[0].packed();
    outputs[0].allot();
    const Split split = split_at(x.shape, axis_);
    const auto chosen = places(name(), inputs[1], split.axis);
    const std::size_t row = static_cast<std::size_t>(split.inner) * item_size(x.dtype);
    std::byte* out = outputs[0].data;
    if (row == 0) return;
    for (std::int64_t o = 0; o < split.outer; ++o) {
      const std::byte* from = x.data + static_cast<std::size_t>(o * split.axis) * row;
      for (const std::int64_t place : chosen) {
        std::memcpy(out, from + static_cast<std::size_t>(place) * row, row);
        out += row;
      }
    }
  }
  void vjp(Vjp& call) const override {
    if (call.needed[0])
      call.result[0] = scatter_add(call.cotangents[0], call.inputs[1], axis_, call.inputs[0].shape()[axis_]);
  }
  bool same(const Operation& other) const override { return axis_ == static_cast<const Take&>(other).axis_; }

 private:
  int axis_;
};

// The adjoint of Take: x (before, I, after), indices I -> (before, size, after), zero where nothing lands.
class ScatterAdd : public Operation {
 public:
  ScatterAdd(int axis, int index_rank, std::int64_t size)
      : Operation("scatter_add"), axis_(axis), index_rank_(index_rank), size_(size) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    const Shape &x = inputs[0].shape(), &indices = inputs[1].shape();
    for (int i = 0; i < index_rank_; ++i) {
      if (axis_ + i >= x.rank() || x[axis_ + i] != indices[i]) {
        fail(name(), "values of shape " + to_string(x) + " do not fit indices of shape " +
                         to_string(indices) + " at axis " + std::to_string(axis_));
      }
    }
    outputs[0].dtype = inputs[0].dtype();
    for (int i = 0; i < axis_; ++i) outputs[0].shape.push(x[i]);
    outputs[0].shape.push(size_);
    for (int i = axis_ + index_rank_; i < x.rank(); ++i) outputs[0].shape.push(x[i]);
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array x = inputs[0].packed();
    outputs[0].allot();
    const Split split = split_at(outputs[0].shape, axis_);
    const auto chosen = places(name(), inputs[1], split.axis);
    dispatch(x.dtype, [&](auto t) {
      using T = decltype(t);
      T* out = outputs[0].as<T>();
      const T* from = x.as<T>();
      std::fill_n(out, outputs[0].size(), T{0});
      for (std::int64_t o = 0; o < split.outer; ++o) {
        for (const std::int64_t place : chosen) {
          T* to = out + (o * split.axis + place) * split.inner;
          for (std::int64_t i = 0; i < split.inner; ++i) to[i] = static_cast<T>(to[i] + from[i]);
          from += split.inner;
        }
      }
    });
  }
  void vjp(Vjp& call) const override {
    if (call.needed[0]) call.result[0] = take(call.cotangents[0], call.inputs[1], axis_);
  }
  bool same(const Operation& other) const override {
    const auto& scatter = static_cast<const ScatterAdd&>(other);
    return axis_ == scatter.axis_ && index_rank_ == scatter.index_rank_ && size_ == scatter.size_;
  }

 private:
  int axis_, index_rank_;
  std::int64_t size_;
};

// x (outer, size, inner), indices (outer, k, inner) -> (outer, k, inner).
class TakeAlong : public Operation {
 public:
  explicit TakeAlong(int axis) : Operation("take_along_axis"), axis_(axis) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    Shape x = inputs[0].shape();
    const Shape& indices = inputs[1].shape();
    if (x.rank() == indices.rank()) x[axis_] = indices[axis_];
    if (!(x == indices)) {
      fail(name(), "a tensor of shape " + to_string(inputs[0].shape()) + " and indices of shape " +
                       to_string(indices) + " differ in more than axis " + std::to_string(axis_));
    }
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = indices;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array x = inputs[0].packed();
    outputs[0].allot();
    const Split split = split_at(x.shape, axis_), to = split_at(outputs[0].shape, axis_);
    const auto chosen = places(name(), inputs[1], split.axis);
    dispatch(x.dtype, [&](auto t) {
      using T = decltype(t);
      for (std::int64_t o = 0, at = 0; o < to.outer; ++o) {
        for (std::int64_t k = 0; k < to.axis; ++k) {
          for (std::int64_t i = 0; i < to.inner; ++i, ++at)
            outputs[0].as<T>()[at] =
                x.as<T>()[(o * split.axis + chosen[static_cast<std::size_t>(at)]) * split.inner + i];
        }
      }
    });
  }
  void vjp(Vjp& call) const override {
    if (call.needed[0])
      call.result[0] =
          scatter_along_axis(call.cotangents[0], call.inputs[1], axis_, call.inputs[0].shape()[axis_]);
  }
  bool same(const Operation& other) const override {
    return axis_ == static_cast<const TakeAlong&>(other).axis_;
  }

 private:
  int axis_;
};

class ScatterAlong : public Operation {
 public:
  ScatterAlong(int axis, std::int64_t size) : Operation("scatter_along_axis"), axis_(axis), size_(size) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    if (!(inputs[0].shape() == inputs[1].shape())) {
      fail(name(), "values of shape " + to_string(inputs[0].shape()) + " and indices of shape " +
                       to_string(inputs[1].shape()) + " differ");
    }
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
    outputs[0].shape[axis_] = size_;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array x = inputs[0].packed();
    outputs[0].allot();
    const Split from = split_at(x.shape, axis_);
    const auto chosen = places(name(), inputs[1], size_);
    dispatch(x.dtype, [&](auto t) {
      using T = decltype(t);
      T* out = outputs[0].as<T>();
      std::fill_n(out, outputs[0].size(), T{0});
      for (std::int64_t o = 0, at = 0; o < from.outer; ++o) {
        for (std::int64_t k = 0; k < from.axis; ++k) {
          for (std::int64_t i = 0; i < from.inner; ++i, ++at) {
            T& to = out[(o * size_ + chosen[static_cast<std::size_t>(at)]) * from.inner + i];
            to = static_cast<T>(to + x.as<T>()[at]);
          }
        }
      }
    });
  }
  void vjp(Vjp& call) const override {
    if (call.needed[0]) call.result[0] = take_along_axis(call.cotangents[0], call.inputs[1], axis_);
  }
  bool same(const Operation& other) const override {
    const auto& scatter = static_cast<const ScatterAlong&>(other);
    return axis_ == scatter.axis_ && size_ == scatter.size_;
  }

 private:
  int axis_;
  std::int64_t size_;
};

class NormalIndex : public Operation {
 public:
  explicit NormalIndex(std::int64_t size) : Operation("getitem"), size_(size) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = DType::i64;
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const auto chosen = places(name(), inputs[0], size_);
    outputs[0].allot();
    std::copy(chosen.begin(), chosen.end(), outputs[0].as<std::int64_t>());
  }
  bool same(const Operation& other) const override {
    return size_ == static_cast<const NormalIndex&>(other).size_;
  }

 private:
  std::int64_t size_;
};

}  // namespace

Value normal_index(const Value& indices, std::int64_t size) {
  check_indices("getitem", indices);
  return apply(make<const NormalIndex>(size), {indices});
}

Value take(const Value& x, const Value& indices, int axis) {
  check_indices("take", indices);
  return apply(make<const Take>(axis), {x, indices});
}

Value scatter_add(const Value& x, const Value& indices, int axis, std::int64_t size) {
  check_indices("scatter_add", indices);
  return apply(make<const ScatterAdd>(axis, indices.shape().rank(), size), {x, indices});
}

Value take_along_axis(const Value& x, const Value& indices, int axis) {
  check_indices("take_along_axis", indices);
  return apply(make<const TakeAlong>(axis), {x, indices});
}

Value scatter_along_axis(const Value& x, const Value& indices, int axis, std::int64_t size) {
  check_indices("scatter_along_axis", indices);
  return apply(make<const ScatterAlong>(axis, size), {x, indices});
}

}  // namespace stochos::tensor
