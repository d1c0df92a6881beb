#include "tensor/compile/fuse.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "tensor/loops.hpp"

namespace stochos::tensor {
namespace {

constexpr std::size_t kTile = 2048;     // elements: a few of them fit in the first-level cache
constexpr std::size_t kMostSteps = 32;  // of one fused instruction

// Where a step finds or leaves numbers.
struct Place {
  enum class Kind : std::uint8_t { vector, number, scratch, output } kind = Kind::scratch;
  std::uint32_t index = 0;
};

struct Step {
  UnaryLoop unary = nullptr;
  BinaryLoop binary = nullptr;
  Place a, b, to;
};

class Fused : public Operation {
 public:
  Fused(std::vector<Step> steps, std::uint32_t outputs, std::uint32_t scratch, DType dtype,
        const Shape& shape)
      : Operation("fused"),
        steps_(std::move(steps)),
        outputs_(outputs),
        scratch_(scratch),
        dtype_(dtype),
        shape_(shape) {}
  std::uint32_t output_count() const override { return outputs_; }
  void infer(Inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) output.dtype = dtype_, output.shape = shape_;
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) output = Array::make(dtype_, shape_);
    std::vector<Array> packed;
    for (const Array& input : inputs) packed.push_back(input.packed());
    const std::size_t item = item_size(dtype_);
    in_parts(static_cast<std::size_t>(shape_.size()), item * (inputs.size() + outputs.size() + steps_.size()),
             [&](std::size_t first, std::size_t count) {
               const Ref<Buffer> scratch = Buffer::make((scratch_ + 1) * kTile * item);
               for (std::size_t at = first; at < first + count; at += kTile) {
                 const std::size_t n = std::min(kTile, first + count - at);
                 const auto find = [&](const Place& place) -> std::byte* {
                   switch (place.kind) {
                     case Place::Kind::vector:
                       return packed[place.index].data + at * item;
                     case Place::Kind::number:
                       return packed[place.index].data;
                     case Place::Kind::scratch:
                       return scratch->data() + place.index * kTile * item;
                     case Place::Kind::output:
                       break;
                   }
                   return outputs[place.index].data + at * item;
                 };
                 const auto single = [](const Place& place) {
                   return place.kind == Place::Kind::number ? 1 : 0;
                 };
                 for (const Step& step : steps_) {
                   if (step.unary != nullptr) {
                     step.unary(find(step.a), find(step.to), n);
                   } else {
                     const auto mode = static_cast<Mode>(single(step.a) | single(step.b) << 1);
                     step.binary(find(step.a), find(step.b), find(step.to), n, mode);
                   }
                 }
               }
             });
  }

 private:
  std::vector<Step> steps_;
  std::uint32_t outputs_, scratch_;
  DType dtype_;
  Shape shape_;
};

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

  const auto fits = [&](const Instruction& one, const Array& like) {
    const Kind kind = one.operation->kind();
    if ((kind != Kind::unary && kind != Kind::binary) || !is_float(one.outputs[0].dtype)) return false;
    if (one.outputs[0].dtype != like.dtype || !(one.outputs[0].shape == like.shape)) return false;
    return std::all_of(one.inputs.begin(), one.inputs.end(), [&](Slot slot) {
      const Array& spec = specs[slot];
      if (spec.dtype != like.dtype) return false;
      return spec.shape == like.shape || (kind == Kind::binary && spec.shape.size() == 1);
    });
  };

  std::vector<Instruction> made;
  for (std::size_t i = 0; i < list.size();) {
    std::size_t end = i;
    while (end < list.size() && end - i < kMostSteps && fits(list[end], list[i].outputs[0])) ++end;
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
    const Array like = list[i].outputs[0];
    const auto find = [&](Slot slot) {
      const auto known = places.find(slot);
      if (known != places.end()) return known->second;
      const bool number = !(specs[slot].shape == like.shape);
      const Place place{number ? Place::Kind::number : Place::Kind::vector,
                        static_cast<std::uint32_t>(fused.inputs.size())};
      fused.inputs.push_back(slot);
      places[slot] = place;
      return place;
    };
    for (std::size_t k = i; k < end; ++k) {
      const Instruction& one = list[k];
      Step step;
      step.a = find(one.inputs[0]);
      if (one.operation->kind() == Kind::unary) {
        step.unary = unary_loop(static_cast<unary::Code>(one.operation->code()), like.dtype);
      } else {
        step.b = find(one.inputs[1]);
        step.binary = binary_loop(static_cast<binary::Code>(one.operation->code()), like.dtype);
      }
      // A kernel may write over its input: its place is free at once.
      for (const Slot slot : one.inputs) {
        const Place place = places[slot];
        if (place.kind == Place::Kind::scratch && last_use[slot] == k) free.insert(place.index);
      }
      const Slot result = one.results[0];
      if (last_use[result] >= end) {
        step.to = {Place::Kind::output, static_cast<std::uint32_t>(fused.results.size())};
        fused.results.push_back(result);
        fused.outputs.push_back(like);
      } else {
        if (free.empty()) free.insert(scratch++);
        step.to = {Place::Kind::scratch, *free.begin()};
        free.erase(free.begin());
      }
      places[result] = step.to;
      steps.push_back(step);
    }
    fused.operation = make<const Fused>(std::move(steps), static_cast<std::uint32_t>(fused.results.size()),
                                        scratch, like.dtype, like.shape);
    made.push_back(std::move(fused));
    i = end;
  }
  list = std::move(made);
}

}  // namespace stochos::tensor
