#include "tensor/compile/fuse.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "tensor/loops.hpp"
#include "tensor/threads.hpp"

namespace stochos::tensor {
namespace {

constexpr std::size_t kTile = 1024;     // elements: a few of them fit in the first-level cache
constexpr std::size_t kMostSteps = 32;  // of one fused instruction
constexpr std::size_t kMostBytes = 8;   // of an element

// Where a step finds or leaves numbers.
struct Place {
  enum class Kind : std::uint8_t { vector, number, scratch, output } kind = Kind::scratch;
  std::uint8_t item = 0;  // bytes of an element
  std::uint32_t index = 0;
};

// One kernel over a tile: the one of these that is not null.
struct Step {
  UnaryLoop unary = nullptr;
  BinaryLoop binary = nullptr;
  SelectLoop select = nullptr;
  MulAddLoop mul_add = nullptr;
  Place a, b, c, to;  // a select has its mask in c
};

class Fused : public Operation {
 public:
  Fused(std::vector<Step> steps, std::vector<Array> outputs, std::uint32_t scratch)
      : Operation("fused"), steps_(std::move(steps)), outputs_(std::move(outputs)), scratch_(scratch) {}
  std::uint32_t output_count() const override { return static_cast<std::uint32_t>(outputs_.size()); }
  void infer(Inputs, std::span<Array> outputs) const override {
    std::copy(outputs_.begin(), outputs_.end(), outputs.begin());
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) output = Array::make(output.dtype, output.shape);
    std::vector<Array> packed;
    for (const Array& input : inputs) packed.push_back(input.packed());
    const auto size = static_cast<std::size_t>(outputs[0].size());
    const auto tiles = [&](std::size_t first, std::size_t end) {
      const Ref<Buffer> scratch = Buffer::make((scratch_ + 1) * kTile * kMostBytes);
      for (std::size_t at = first; at < end; at += kTile) {
        const std::size_t n = std::min(kTile, end - at);
        const auto find = [&](const Place& place) -> std::byte* {
          switch (place.kind) {
            case Place::Kind::vector:
              return packed[place.index].data + at * place.item;
            case Place::Kind::number:
              return packed[place.index].data;
            case Place::Kind::scratch:
              return scratch->data() + place.index * kTile * kMostBytes;
            case Place::Kind::output:
              break;
          }
          return outputs[place.index].data + at * place.item;
        };
        for (const Step& step : steps_) run(step, find, n);
      }
    };
    if (size * (inputs.size() + outputs.size() + steps_.size()) < kWorth) {
      tiles(0, size);
      return;
    }
    run_tasks((size + kPiece - 1) / kPiece,
              [&](std::size_t task) { tiles(task * kPiece, std::min(size, (task + 1) * kPiece)); });
  }

 private:
  static constexpr std::size_t kPiece = 8 * kTile, kWorth = 1 << 16;  // elements of a task; worth a thread

  template <class Find>
  static void run(const Step& step, const Find& find, std::size_t n) {
    const auto number = [](const Place& place) { return place.kind == Place::Kind::number ? 1U : 0U; };
    const unsigned mode = number(step.a) | number(step.b) << 1;
    if (step.unary != nullptr) {
      step.unary(find(step.a), find(step.to), n);
    } else if (step.binary != nullptr) {
      step.binary(find(step.a), find(step.b), find(step.to), n, static_cast<Mode>(mode));
    } else if (step.mul_add != nullptr) {
      step.mul_add(find(step.a), find(step.b), find(step.c), find(step.to), n, mode | number(step.c) << 2);
    } else {
      const auto* mask = reinterpret_cast<const std::uint8_t*>(find(step.c));
      step.select(mask, find(step.a), find(step.b), find(step.to), n, static_cast<Mode>(mode));
    }
  }

  std::vector<Step> steps_;
  std::vector<Array> outputs_;
  std::uint32_t scratch_;
};

// Whether two steps, a product and a sum that takes it once and is the only one to, can be one.
bool is_product(const Step& step, DType type) {
  return step.binary != nullptr && step.binary == binary_loop(binary::mul, type) &&
         step.to.kind == Place::Kind::scratch;
}
bool same_place(const Place& a, const Place& b) {
  return a.kind == b.kind && a.index == b.index;
}

}  // namespace

void Fuser::run(Program& program) {
  using Slot = Program::Slot;
  using Instruction = Program::Instruction;
  auto& list = program.instructions_;
  std::vector<Array> specs = program.start_;  // dtype and shape of every slot
  for (std::size_t i = 0; i < program.arguments_.size(); ++i)
    specs[program.argument_slots_[i]] = program.arguments_[i];
  for (const Program::Bound& bound : program.reads_) {
    specs[bound.slot].dtype = bound.variable->dtype();
    specs[bound.slot].shape = bound.variable->shape();
  }
  std::vector<std::size_t> last_use(specs.size(), 0);  // number of the last instruction that reads a slot
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (const Slot input : list[i].inputs) last_use[input] = i;
    for (std::size_t k = 0; k < list[i].results.size(); ++k) specs[list[i].results[k]] = list[i].outputs[k];
  }
  for (const Slot slot : program.outputs_) last_use[slot] = list.size();
  for (const Program::Bound& bound : program.assigned_) last_use[bound.slot] = list.size();

  // Floats of one dtype, with masks that are made of them.
  const auto fits = [&](const Instruction& one, const Shape& shape, DType type) {
    const Array& out = one.outputs[0];
    if (!(out.shape == shape)) return false;
    const auto reads = [&](Slot slot, DType wanted, bool number) {
      const Array& spec = specs[slot];
      return spec.dtype == wanted && (spec.shape == shape || (number && spec.shape.size() == 1));
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
    std::size_t end = i;
    if (is_float(type)) {
      while (end < list.size() && end - i < kMostSteps && fits(list[end], shape, type)) ++end;
    }
    if (end - i < 2) {
      made.push_back(std::move(list[i++]));
      continue;
    }
    Instruction fused;
    fused.label = list[i].label;
    std::vector<Step> steps;
    std::unordered_map<Slot, Place> places;
    std::set<std::uint32_t> free;
    std::uint32_t scratch = 0;
    const auto find = [&](Slot slot) {
      const auto known = places.find(slot);
      if (known != places.end()) return known->second;
      const bool number = !(specs[slot].shape == shape);
      const Place place{number ? Place::Kind::number : Place::Kind::vector,
                        static_cast<std::uint8_t>(item_size(specs[slot].dtype)),
                        static_cast<std::uint32_t>(fused.inputs.size())};
      fused.inputs.push_back(slot);
      places[slot] = place;
      return place;
    };
    for (std::size_t k = i; k < end; ++k) {
      const Instruction& one = list[k];
      const int code = one.operation->code();
      Step step;
      bool joined = false;
      switch (one.operation->kind()) {
        case Kind::unary:
          step.a = find(one.inputs[0]);
          step.unary = unary_loop(static_cast<unary::Code>(code), type);
          break;
        case Kind::binary:
          step.a = find(one.inputs[0]);
          step.b = find(one.inputs[1]);
          step.binary = binary_loop(static_cast<binary::Code>(code), type);
          if (code == binary::add && !steps.empty() && is_product(steps.back(), type)) {
            // a b + c in one pass, rounded twice as before.
            const Step& product = steps.back();
            const bool first = same_place(step.a, product.to), second = same_place(step.b, product.to);
            if (first != second && last_use[one.inputs[first ? 0 : 1]] == k) {
              step.c = first ? step.b : step.a;
              step.a = product.a;
              step.b = product.b;
              step.binary = nullptr;
              step.mul_add = mul_add_loop(type);
              joined = true;
            }
          }
          break;
        case Kind::compare:
          step.a = find(one.inputs[0]);
          step.b = find(one.inputs[1]);
          step.binary = compare_loop(static_cast<comparison::Code>(code), type);
          break;
        default:
          step.c = find(one.inputs[0]);
          step.a = find(one.inputs[1]);
          step.b = find(one.inputs[2]);
          step.select = select_loop(type);
          break;
      }
      // A kernel may write over an input of its own size: its place is free at once. Others wait for the next
      // step.
      const DType to = one.outputs[0].dtype;
      std::vector<std::uint32_t> later;
      for (const Slot slot : one.inputs) {
        const Place place = places[slot];
        if (place.kind != Place::Kind::scratch || last_use[slot] != k) continue;
        if (place.item == item_size(to)) {
          free.insert(place.index);
        } else {
          later.push_back(place.index);
        }
      }
      const Slot result = one.results[0];
      step.to.item = static_cast<std::uint8_t>(item_size(to));
      if (last_use[result] >= end) {
        step.to.kind = Place::Kind::output;
        step.to.index = static_cast<std::uint32_t>(fused.results.size());
        fused.results.push_back(result);
        fused.outputs.push_back(one.outputs[0]);
      } else {
        if (free.empty()) free.insert(scratch++);
        step.to.kind = Place::Kind::scratch;
        step.to.index = *free.begin();
        free.erase(free.begin());
      }
      free.insert(later.begin(), later.end());
      places[result] = step.to;
      if (joined) {
        steps.back() = step;
      } else {
        steps.push_back(step);
      }
    }
    fused.operation = make<const Fused>(std::move(steps), fused.outputs, scratch);
    made.push_back(std::move(fused));
    i = end;
  }
  list = std::move(made);
}

}  // namespace stochos::tensor
