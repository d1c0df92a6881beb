#include "tensor/variable.hpp"

#include <atomic>

#include "tensor/evaluate.hpp"
#include "tensor/functions.hpp"
#include "tensor/trace.hpp"

namespace stochos::tensor {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

// Memory that no one else can write to and that holds nothing beside the array.
Array own(const Array& array) {
  const bool whole = array.buffer->bytes() == static_cast<std::size_t>(array.size()) * item_size(array.dtype);
  if (!array.buffer->foreign() && whole && array.contiguous()) return array;
  Array copy = Array::make(array.dtype, array.shape);
  copy_packed(array, copy.data);
  return copy;
}

}  // namespace

Variable::Variable(const Value& value, std::string name, bool trainable)
    : id_(next_id()),
      name_(std::move(name)),
      trainable_(trainable),
      dtype_(value.dtype()),
      shape_(value.shape()) {
  install(own(evaluated(value)), 0);
}

std::string Variable::name() const {
  const std::lock_guard lock(mutex_);
  return name_;
}

void Variable::rename(std::string name) {
  const std::lock_guard lock(mutex_);
  name_.swap(name);
}

std::uint64_t Variable::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

void Variable::install(Array array, std::uint64_t version) {
  Value leaf = leaf_of(name(), std::move(array), version);
  {
    const std::lock_guard lock(mutex_);
    std::swap(leaf_, leaf);
    version_ = version;
  }
}

Value Variable::leaf_of(std::string name, Array array, std::uint64_t version) const {
  const Spec spec{dtype_, shape_};
  return Node::leaf(make<const VariableLeaf>(id_, version, std::move(name), Kind::source, spec),
                    std::move(array));
}

bool Variable::Hold::sole(const Array& seen) const {
  const Value& leaf = variable_->leaf_;
  return leaf.node->shares() == 1 && leaf.array().data == seen.data && seen.buffer->shares() == 2;
}

Value Variable::Hold::next(const Array& array) const {
  return variable_->leaf_of(variable_->name_, own(array), variable_->version_ + 1);
}

void Variable::Hold::install(Value& leaf) {
  std::swap(variable_->leaf_, leaf);
  ++variable_->version_;
}

bool Variable::sole(const Array& seen) const {
  return Hold(const_cast<Variable&>(*this)).sole(seen);
}

Value Variable::current() const {
  const std::lock_guard lock(mutex_);
  return leaf_;
}

Value Variable::read() const {
  if (TraceState* trace = context().trace) return trace->read(*this);
  return current();
}

Value Variable::check(const Value& value) const {
  if (!(value.shape() == shape_)) {
    fail("Variable", "a value of shape " + to_string(value.shape()) + " was assigned to variable '" + name() +
                         "' of shape " + to_string(shape_));
  }
  return cast(value, dtype_);
}

void Variable::assign(const Value& value) {
  const Value fitting = check(value);
  if (TraceState* trace = context().trace) {
    trace->assign(*this, fitting);
    return;
  }
  install(own(evaluated(fitting)), version() + 1);
}

}  // namespace stochos::tensor
