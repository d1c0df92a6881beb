#include "tensor/compile/fuse.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "tensor/compile/chain.hpp"

namespace stochos::tensor {
namespace {

constexpr std::size_t kMostSteps = 32;  // of one fused instruction
constexpr std::size_t kMostName = 60;   // characters

// Whether two steps, a product and a sum that takes it once and is the only one to, can be one.
bool is_product(const Step& step, DType type) {
  return step.binary != nullptr && step.binary == binary_loop(binary::mul, type) &&
         step.to.kind == Place::Kind::scratch;
}
bool same_place(const Place& a, const Place& b) {
  return a.kind == b.kind && a.index == b.index;
}

// How an operand lies in a result of `shape`; output means that it does not fit.
Place::Kind kind_of(const Shape& operand, const Shape& shape) {
  if (operand == shape) return Place::Kind::vector;
  if (operand.size() == 1) return Place::Kind::number;
  const bool row =
      operand.rank() <= shape.rank() && operand.size() == shape.last() && operand.last() == shape.last();
  if (!row) return Place::Kind::output;
  return shape.size() == operand.size() ? Place::Kind::vector : Place::Kind::row;
}

// One fused instruction in the making.
template <class Slot, class Instruction>
class Maker {
 public:
  Maker(const std::vector<Array>& specs, const std::vector<std::size_t>& last_use, const Shape& shape,
        DType type, std::size_t end)
      : specs_(specs), last_use_(last_use), shape_(shape), type_(type), end_(end) {}

  // The result of a matrix product, as the first operand.
  void product(const Instruction& one) {
    made_.label = one.label;
    factors_ = one.inputs;
    first_ = one.results[0];
    place_of(first_);
    note(one);
    if (last_use_[first_] >= end_) {
      epilogue_.product = 0;
      made_.results.push_back(first_);
      chain_.outputs.push_back(one.outputs[0]);
    }
  }

  void add(const Instruction& one, std::size_t k) {
    if (!made_.label) made_.label = one.label;
    note(one);
    Step step;
    bool joined = false;
    const int code = one.operation->code();
    switch (one.operation->kind()) {
      case Kind::unary:
        step.a = place_of(one.inputs[0]);
        step.unary = unary_loop(static_cast<unary::Code>(code), type_);
        break;
      case Kind::binary:
        step.a = place_of(one.inputs[0]);
        step.b = place_of(one.inputs[1]);
        step.binary = binary_loop(static_cast<binary::Code>(code), type_);
        if (code == binary::add) joined = join(step, one, k);
        break;
      case Kind::compare:
        step.a = place_of(one.inputs[0]);
        step.b = place_of(one.inputs[1]);
        step.binary = compare_loop(static_cast<comparison::Code>(code), type_);
        break;
      default:
        step.c = place_of(one.inputs[0]);
        step.a = place_of(one.inputs[1]);
        step.b = place_of(one.inputs[2]);
        step.select = select_loop(type_);
        break;
    }
    leave(step, one, k);
    for (const Slot slot : one.inputs) {
      if (slot == first_) host_from_ = chain_.steps.size() - (joined ? 1 : 0);
    }
    joined ? void(chain_.steps.back() = step) : chain_.steps.push_back(step);
  }

  Instruction finish() {
    made_.outputs = chain_.outputs;
    if (factors_.empty()) {
      made_.operation = fused(std::move(chain_));
      return std::move(made_);
    }
    epilogue_.first = specs_[first_];
    // An output written when the product is not read any more, or at its last reading, lends it its memory.
    for (std::size_t i = 0; i < chain_.steps.size() && epilogue_.host < 0; ++i) {
      const Place& to = chain_.steps[i].to;
      if (i >= host_from_ && to.kind == Place::Kind::output && to.item == item_size(type_))
        epilogue_.host = static_cast<int>(to.index);
    }
    made_.inputs.erase(made_.inputs.begin());
    made_.inputs.insert(made_.inputs.begin(), factors_.begin(), factors_.end());
    made_.operation = fused(std::move(chain_), std::move(epilogue_));
    return std::move(made_);
  }

 private:
  Place place_of(Slot slot) {
    const auto known = places_.find(slot);
    if (known != places_.end()) return known->second;
    const Place place{kind_of(specs_[slot].shape, shape_),
                      static_cast<std::uint8_t>(item_size(specs_[slot].dtype)),
                      static_cast<std::uint32_t>(made_.inputs.size())};
    made_.inputs.push_back(slot);
    chain_.rows.push_back(place.kind == Place::Kind::row);
    places_[slot] = place;
    return place;
  }

  // a b + c in one pass, rounded twice as before.
  bool join(Step& step, const Instruction& one, std::size_t k) {
    if (chain_.steps.empty() || !is_product(chain_.steps.back(), type_)) return false;
    const Step& product = chain_.steps.back();
    const bool first = same_place(step.a, product.to), second = same_place(step.b, product.to);
    if (first == second || last_use_[one.inputs[first ? 0 : 1]] != k) return false;
    step.c = first ? step.b : step.a;
    step.a = product.a;
    step.b = product.b;
    step.binary = nullptr;
    step.mul_add = mul_add_loop(type_);
    return true;
  }

  // Chooses where the step's result goes.
  void leave(Step& step, const Instruction& one, std::size_t k) {
    // A kernel may write over an input of its own size: its place is free at once. Others wait for the next
    // step.
    const DType to = one.outputs[0].dtype;
    std::vector<std::uint32_t> later;
    for (const Slot slot : one.inputs) {
      const Place place = places_[slot];
      if (place.kind != Place::Kind::scratch || last_use_[slot] != k) continue;
      if (place.item == item_size(to)) {
        free_.insert(place.index);
      } else {
        later.push_back(place.index);
      }
    }
    const Slot result = one.results[0];
    step.to.item = static_cast<std::uint8_t>(item_size(to));
    if (last_use_[result] >= end_) {
      step.to.kind = Place::Kind::output;
      step.to.index = static_cast<std::uint32_t>(made_.results.size());
      made_.results.push_back(result);
      chain_.outputs.push_back(one.outputs[0]);
    } else {
      if (free_.empty()) free_.insert(chain_.scratch++);
      step.to.kind = Place::Kind::scratch;
      step.to.index = *free_.begin();
      free_.erase(free_.begin());
    }
    free_.insert(later.begin(), later.end());
    places_[result] = step.to;
  }

  void note(const Instruction& one) {
    if (chain_.name.size() > kMostName) return;
    if (!chain_.name.empty()) chain_.name += "+";
    chain_.name += chain_.name.size() < kMostName ? one.operation->name() : "...";
  }

  const std::vector<Array>& specs_;
  const std::vector<std::size_t>& last_use_;
  const Shape& shape_;
  DType type_;
  std::size_t end_;
  Instruction made_;
  Chain chain_;
  std::vector<Slot> factors_;
  Slot first_ = static_cast<Slot>(-1);
  std::size_t host_from_ = 0;  // the last step that reads the product
  Epilogue epilogue_;
  std::unordered_map<Slot, Place> places_;
  std::set<std::uint32_t> free_;
};

}  // namespace

void Fuser::run(Program& program) {
  using Slot = Program::Slot;
  using Instruction = Program::Instruction;
  auto& list = program.instructions_;
  const std::vector<Array> specs = program.specs();
  std::vector<std::size_t> last_use(specs.size(), 0);  // number of the last instruction that reads a slot
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (const Slot input : list[i].inputs) last_use[input] = i;
  }
  for (const Slot slot : program.outputs_) last_use[slot] = list.size();
  for (const Program::Bound& bound : program.assigned_) last_use[bound.slot] = list.size();

  // Floats of one dtype, with masks that are made of them.
  const auto fits = [&](const Instruction& one, const Shape& shape, DType type) {
    const Array& out = one.outputs[0];
    if (!(out.shape == shape)) return false;
    const auto reads = [&](Slot slot, DType wanted, bool any) {
      const Array& spec = specs[slot];
      const Place::Kind kind = kind_of(spec.shape, shape);
      return spec.dtype == wanted && (kind == Place::Kind::vector || (any && kind != Place::Kind::output));
    };
    switch (one.operation->kind()) {
      case Kind::unary:
        return out.dtype == type && reads(one.inputs[0], type, false);
      case Kind::binary:
        return out.dtype == type && reads(one.inputs[0], type, true) && reads(one.inputs[1], type, true);
      case Kind::compare:
        return reads(one.inputs[0], type, true) && reads(one.inputs[1], type, true);
      case Kind::select:
        return out.dtype == type && reads(one.inputs[0], DType::b8, false) &&
               reads(one.inputs[1], type, true) && reads(one.inputs[2], type, true);
      default:
        return false;
    }
  };
  const auto type_of = [&](const Instruction& one) {
    const Kind kind = one.operation->kind();
    return kind == Kind::compare && !one.inputs.empty() ? specs[one.inputs[0]].dtype : one.outputs[0].dtype;
  };

  std::vector<Instruction> made;
  for (std::size_t i = 0; i < list.size();) {
    const DType type = type_of(list[i]);
    const Shape shape = list[i].outputs[0].shape;
    const bool product = list[i].operation->kind() == Kind::product;
    const std::size_t first = product ? i + 1 : i;
    std::size_t end = first;
    bool read = false;  // the product by what follows it
    if (is_float(type)) {
      for (; end < list.size() && end - first < kMostSteps && fits(list[end], shape, type); ++end) {
        for (const Slot slot : list[end].inputs) read = read || (product && slot == list[i].results[0]);
      }
    }
    if (end - i < 2 || (product && !read)) {
      made.push_back(std::move(list[i++]));
      continue;
    }
    Maker<Slot, Instruction> maker(specs, last_use, shape, type, end);
    if (product) {
      maker.product(list[i]);
      ++program.counts_.epilogues;
    } else {
      ++program.counts_.chains;
    }
    program.counts_.fused += end - first;
    for (std::size_t k = first; k < end; ++k) maker.add(list[k], k);
    made.push_back(maker.finish());
    i = end;
  }
  list = std::move(made);
}

}  // namespace stochos::tensor
