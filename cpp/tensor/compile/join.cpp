#include "tensor/compile/join.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "tensor/functions.hpp"

namespace stochos::tensor {
namespace {

// Measured with one thread, AVX-512: packing takes 0.25 ns for an element of the shared matrix, copying 0.2
// ns for one of the rows; a product below kLeast elements is over before either matters.
constexpr std::int64_t kLeast = 100'000;  // elements of the shared matrix
constexpr std::int64_t kRows = 256;       // of all together; beyond, packing is a small share
constexpr std::size_t kMost = 64;         // products in one

bool pays(const Shape& shared, std::int64_t rows) {
  return shared.size() >= kLeast && rows <= kRows && 2 * rows <= shared[1];
}

template <class Slot>
Slot new_slot(std::vector<Array>& start, std::vector<Array>& specs, const Array& spec) {
  start.emplace_back();
  specs.push_back(spec);
  return static_cast<Slot>(start.size() - 1);
}

}  // namespace

void Joiner::run(Program& program) {
  using Slot = Program::Slot;
  using Instruction = Program::Instruction;
  auto& list = program.instructions_;
  std::vector<Array> specs = program.specs();
  const auto suits = [&](const Instruction& one) {
    return one.operation->kind() == Kind::product && is_float(one.outputs[0].dtype) &&
           specs[one.inputs[0]].shape.rank() == 2 && specs[one.inputs[1]].shape.rank() == 2 &&
           pays(specs[one.inputs[1]].shape, 2 * specs[one.inputs[0]].shape[0]);
  };
  std::map<Slot, std::size_t> shared;  // matrices and how many products they are in
  for (const Instruction& one : list) {
    if (suits(one)) ++shared[one.inputs[1]];
  }
  for (const auto& [matrix, uses] : shared) {
    if (uses < 2) continue;
    // The first product with it, and those after it that do not follow from one another.
    std::vector<std::size_t> members;
    std::vector<char> follows(list.size(), 0), from(specs.size(), 0);
    std::int64_t rows = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (const Slot input : list[i].inputs) follows[i] = follows[i] != 0 || from[input] != 0;
      if (follows[i] == 0 && suits(list[i]) && list[i].inputs[1] == matrix && members.size() < kMost &&
          pays(specs[matrix].shape, rows + specs[list[i].inputs[0]].shape[0])) {
        members.push_back(i);
        rows += specs[list[i].inputs[0]].shape[0];
        follows[i] = 1;
      }
      if (follows[i] == 0) continue;
      for (const Slot result : list[i].results) from[result] = 1;
    }
    if (members.size() < 2) continue;

    const DType dtype = specs[matrix].dtype;
    Array tall, wide;
    tall.dtype = wide.dtype = dtype;
    tall.shape = {rows, specs[matrix].shape[0]};
    wide.shape = {rows, specs[matrix].shape[1]};
    Instruction copy, product;
    copy.label = product.label = list[members[0]].label;
    copy.operation = concat_operation(0);
    for (const std::size_t i : members) copy.inputs.push_back(list[i].inputs[0]);
    copy.outputs = {tall};
    copy.results = {new_slot<Slot>(program.start_, specs, tall)};
    product.operation = list[members[0]].operation;
    product.inputs = {copy.results[0], matrix};
    product.outputs = {wide};
    product.results = {new_slot<Slot>(program.start_, specs, wide)};

    // What does not follow from the products comes before them, the rest after.
    std::vector<Instruction> made, after;
    std::int64_t row = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (std::find(members.begin(), members.end(), i) == members.end()) {
        (follows[i] != 0 ? after : made).push_back(std::move(list[i]));
        continue;
      }
      const Slice slices[] = {{row, specs[list[i].inputs[0]].shape[0], 1}, {0, wide.shape[1], 1}};
      row += slices[0].count;
      list[i].operation = slice_operation(slices);
      list[i].inputs = {product.results[0]};
    }
    std::vector<Instruction> parts;
    for (const std::size_t i : members) parts.push_back(std::move(list[i]));
    made.push_back(std::move(copy));
    made.push_back(std::move(product));
    for (auto* rest : {&parts, &after}) {
      made.insert(made.end(), std::make_move_iterator(rest->begin()), std::make_move_iterator(rest->end()));
    }
    list = std::move(made);
    program.counts_.joined += members.size();
  }
}

}  // namespace stochos::tensor
