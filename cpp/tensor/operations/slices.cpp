// Parts of tensors and tensors from parts: slice, its adjoint (padding among others), concat.
#include <algorithm>
#include <cstring>
#include <vector>

#include "tensor/functions.hpp"
#include "tensor/loops.hpp"
#include "tensor/operation.hpp"
#include "tensor/strided.hpp"

namespace stochos::tensor {
namespace {

bool same_slices(const std::vector<Slice>& a, const std::vector<Slice>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].start != b[i].start || a[i].count != b[i].count || a[i].step != b[i].step) return false;
  }
  return true;
}

// The part of `array` that the slices take.
Array part(const Array& array, std::span<const Slice> slices) {
  Shape shape;
  Strides strides{};
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (slices[i].count > 0) offset += slices[i].start * array.strides[i];
    strides[i] = array.strides[i] * slices[i].step;
    shape.push(slices[i].count);
  }
  return array.view(shape, strides, offset);
}

// Elements of `from` into the places of `to`, same shape and dtype.
void copy_into(const Array& from, const Array& to) {
  const std::size_t item = item_size(from.dtype);
  const Array* operands[] = {&from, &to};
  for_rows(from.shape, operands, [&](std::byte* const* rows, const std::int64_t* steps, std::int64_t n) {
    if (steps[1] == 1) {
      gather(rows[0], steps[0], item, rows[1], n);
      return;
    }
    const auto from_step = steps[0] * static_cast<std::int64_t>(item),
               to_step = steps[1] * static_cast<std::int64_t>(item);
    for (std::int64_t i = 0; i < n; ++i) std::memcpy(rows[1] + i * to_step, rows[0] + i * from_step, item);
  });
}

class SliceOp : public Operation {
 public:
  explicit SliceOp(std::span<const Slice> slices)
      : Operation("slice", Kind::view), slices_(slices.begin(), slices.end()) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    for (const Slice& slice : slices_) outputs[0].shape.push(slice.count);
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    outputs[0] = part(inputs[0], slices_);
  }
  void vjp(Vjp& call) const override {
    call.result[0] = unslice(call.cotangents[0], call.inputs[0].shape(), slices_);
  }
  bool same(const Operation& other) const override {
    return same_slices(slices_, static_cast<const SliceOp&>(other).slices_);
  }

 private:
  std::vector<Slice> slices_;
};

class Unslice : public Operation {
 public:
  Unslice(const Shape& shape, std::span<const Slice> slices, double fill)
      : Operation("pad"), shape_(shape), slices_(slices.begin(), slices.end()), fill_(fill) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = shape_;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    outputs[0].allot();
    dispatch(outputs[0].dtype, [&](auto t) {
      std::fill_n(outputs[0].as<decltype(t)>(), shape_.size(), static_cast<decltype(t)>(fill_));
    });
    copy_into(inputs[0], part(outputs[0], slices_));
  }
  void vjp(Vjp& call) const override { call.result[0] = slice(call.cotangents[0], slices_); }
  bool same(const Operation& other) const override {
    const auto& pad = static_cast<const Unslice&>(other);
    return shape_ == pad.shape_ && fill_ == pad.fill_ && same_slices(slices_, pad.slices_);
  }

 private:
  Shape shape_;
  std::vector<Slice> slices_;
  double fill_;
};

class Concat : public Operation {
 public:
  explicit Concat(int axis) : Operation("concat"), axis_(axis) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    Shape shape = inputs[0].shape();
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      Shape other = inputs[i].shape();
      const std::int64_t size = other.rank() == shape.rank() ? other[axis_] : 0;
      if (other.rank() == shape.rank()) other[axis_] = shape[axis_];
      if (!(other == shape)) {
        fail(name(), "shapes " + to_string(inputs[0].shape()) + " and " + to_string(inputs[i].shape()) +
                         " differ in more than axis " + std::to_string(axis_));
      }
      shape[axis_] += size;
    }
    outputs[0].shape = shape;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    outputs[0].allot();
    std::int64_t at = 0;
    for (const Array& input : inputs) {
      const std::int64_t offset = at * outputs[0].strides[static_cast<std::size_t>(axis_)];
      at += input.shape[axis_];
      if (input.size() > 0) copy_into(input, outputs[0].view(input.shape, outputs[0].strides, offset));
    }
  }
  void vjp(Vjp& call) const override {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < call.inputs.size(); ++i) {
      const std::int64_t size = call.inputs[i].shape()[axis_];
      if (call.needed[i]) call.result[i] = slice_axis(call.cotangents[0], axis_, at, size);
      at += size;
    }
  }
  bool same(const Operation& other) const override {
    return axis_ == static_cast<const Concat&>(other).axis_;
  }

 private:
  int axis_;
};

}  // namespace

Ref<const Operation> concat_operation(int axis) {
  return make<const Concat>(axis);
}
Ref<const Operation> slice_operation(std::span<const Slice> slices) {
  return make<const SliceOp>(slices);
}

Value slice(const Value& x, std::span<const Slice> slices) {
  bool whole = true;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    whole = whole && slices[i].step == 1 && slices[i].count == x.shape()[static_cast<int>(i)];
  }
  return whole ? x : apply(make<const SliceOp>(slices), {x});
}

Value slice_axis(const Value& x, int axis, std::int64_t start, std::int64_t count, std::int64_t step) {
  std::vector<Slice> slices;
  for (const std::int64_t size : x.shape()) slices.push_back({0, size, 1});
  slices[static_cast<std::size_t>(axis)] = {start, count, step};
  return slice(x, slices);
}

Value flip(const Value& x, int axis) {
  const std::int64_t size = x.shape()[axis];
  return size <= 1 ? x : slice_axis(x, axis, size - 1, size, -1);
}

Value unslice(const Value& x, const Shape& shape, std::span<const Slice> slices, double fill) {
  return apply(make<const Unslice>(shape, slices, fill), {x});
}

Value pad(const Value& x, std::span<const std::int64_t> before, std::span<const std::int64_t> after,
          double fill) {
  Shape shape = x.shape();
  std::vector<Slice> slices;
  for (int i = 0; i < shape.rank(); ++i) {
    const auto a = static_cast<std::size_t>(i);
    if (before[a] < 0 || after[a] < 0)
      fail("pad", "a width of padding is negative; slice to make a tensor smaller");
    slices.push_back({before[a], shape[i], 1});
    shape[i] += before[a] + after[a];
  }
  return unslice(x, shape, slices, fill);
}

Value concat(Inputs values, int axis) {
  if (values.size() == 1) return values[0];
  DType dtype = values[0].dtype();
  for (const Value& value : values) dtype = promote(dtype, value.dtype());
  std::vector<Value> alike;
  for (const Value& value : values) alike.push_back(cast(value, dtype));
  return tensor::apply(make<const Concat>(axis), Inputs(alike));
}

}  // namespace stochos::tensor
