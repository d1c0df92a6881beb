#include "tensor/compile/chain.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tensor/threads.hpp"

namespace stochos::tensor {
namespace {

constexpr std::size_t kTile = 1024;    // elements: a few of them fit in the first-level cache
constexpr std::size_t kFar = 1 << 18;  // elements: about a megabyte
constexpr std::size_t kMostBytes = 8;  // of an element
constexpr std::size_t kPiece = 8 * kTile, kWorth = 1 << 18;  // elements of a task; worth a thread

// A chain and its operands in one call.
class Pass {
 public:
  Pass(const Chain& chain, std::span<const Array> inputs, std::span<Array> outputs)
      : chain_(chain), outputs_(outputs) {
    for (const Array& input : inputs) packed_.push_back(input.packed());
    const auto size = static_cast<std::size_t>(outputs[0].size());
    by_rows_ = std::find(chain.rows.begin(), chain.rows.end(), 1) != chain.rows.end();
    width_ = static_cast<std::size_t>(outputs[0].shape.last());
    count_ = width_ == 0 ? 0 : size / width_;
    for (std::size_t k = 0; k < packed_.size(); ++k) {
      if (static_cast<std::size_t>(packed_[k].size()) == size) vectors_.push_back(k);
    }
    far_ = size * (vectors_.size() + outputs.size()) >= kFar;
    // A tile of several rows finds as many copies of what is the same in all of them.
    const std::size_t repeats = width_ == 0 ? 0 : std::min(kTile / width_, count_);
    for (std::size_t k = 0; k < chain.rows.size(); ++k) {
      if (chain.rows[k] == 0 || repeats <= 1) continue;
      const std::size_t row = width_ * item_size(packed_[k].dtype);
      Array copies = Array::make(packed_[k].dtype, {static_cast<std::int64_t>(repeats * width_)});
      for (std::size_t i = 0; i < repeats; ++i) std::memcpy(copies.data + i * row, packed_[k].data, row);
      packed_[k] = std::move(copies);
    }
  }

  // Everything, on several threads when that is worth it.
  void all() const {
    const std::size_t size = count_ * width_;
    const std::size_t rows =
        by_rows_ ? std::max<std::size_t>(1, kPiece / std::max<std::size_t>(1, width_)) : 0;
    if (size * (packed_.size() + outputs_.size() + chain_.steps.size()) < kWorth) {
      part(0, size);
    } else if (by_rows_) {
      run_tasks((count_ + rows - 1) / rows, [&](std::size_t task) {
        Polling::check();
        part(task * rows * width_, std::min(count_, (task + 1) * rows) * width_);
      });
    } else {
      run_tasks((size + kPiece - 1) / kPiece, [&](std::size_t task) {
        Polling::check();
        part(task * kPiece, std::min(size, (task + 1) * kPiece));
      });
    }
  }

  void block(const Block& block) const {
    if (block.rows == count_ && block.columns == width_) return all();
    if (block.columns == width_) return part(block.row * width_, (block.row + block.rows) * width_);
    const Ref<Buffer> scratch = room();
    for (std::size_t row = block.row; row < block.row + block.rows; ++row)
      part(row * width_ + block.column, row * width_ + block.column + block.columns, scratch->data());
  }

 private:
  // Elements first .. end - 1: whole rows, or a part of one, when there are rows to keep to.
  void part(std::size_t first, std::size_t end) const { part(first, end, room()->data()); }
  Ref<Buffer> room() const { return Buffer::make((chain_.scratch + 1) * kTile * kMostBytes); }
  void part(std::size_t first, std::size_t end, std::byte* scratch) const {
    const std::size_t step = !by_rows_ || width_ == 0 ? kTile : kTile / width_ * width_;
    for (std::size_t at = first; at < end;) {
      const std::size_t column = by_rows_ ? at % width_ : 0;
      std::size_t n = std::min(step == 0 ? std::min(kTile, width_ - column) : step - column, end - at);
      tile(at, column, n, scratch);
      at += n;
    }
  }

  void tile(std::size_t at, std::size_t column, std::size_t n, std::byte* scratch) const {
    const auto find = [&](const Place& place) -> std::byte* {
      switch (place.kind) {
        case Place::Kind::vector:
          return packed_[place.index].data + at * place.item;
        case Place::Kind::row:
          return packed_[place.index].data + column * place.item;
        case Place::Kind::number:
          return packed_[place.index].data;
        case Place::Kind::scratch:
          return scratch + place.index * kTile * kMostBytes;
        case Place::Kind::output:
          break;
      }
      return outputs_[place.index].data + at * place.item;
    };
    const std::size_t shares = chain_.steps.size();
    std::size_t done = 0;
    const auto number = [](const Place& place) { return place.kind == Place::Kind::number ? 1U : 0U; };
    for (const Step& step : chain_.steps) {
      if (far_) fetch(at + n, n * done / shares, n * (done + 1) / shares);
      ++done;
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
  }

  // Elements first .. end - 1 after `at`, of the next tile, on their way to the cache while this one is at
  // work.
  void fetch(std::size_t at, std::size_t first, std::size_t end) const {
    const std::size_t last = count_ * width_;
    if (at + end > last) return;
    const auto lines = [&](const Array& array, [[maybe_unused]] auto write) {
      const std::size_t item = item_size(array.dtype);
      const std::byte* from = array.data + (at + first) * item;
      for (const std::byte* to = array.data + (at + end) * item; from < to; from += 64)
        __builtin_prefetch(from, decltype(write)::value, 2);
    };
    for (const std::size_t k : vectors_) lines(packed_[k], std::integral_constant<int, 0>());
    for (const Array& output : outputs_) lines(output, std::integral_constant<int, 1>());
  }

  const Chain& chain_;
  std::span<Array> outputs_;
  std::vector<Array> packed_;
  std::vector<std::size_t> vectors_;  // numbers of the inputs that are as large as the outputs
  bool far_ = false;                  // operands come from beyond the second-level cache
  bool by_rows_ = false;
  std::size_t width_ = 0, count_ = 0;  // of the last axis; of the rows
};

// Stands before Operation among the bases: a name has to outlive it.
struct Holder {
  Chain chain;
};

class Fused : private Holder, public Operation {
 public:
  explicit Fused(Chain made) : Holder{std::move(made)}, Operation(chain.name.c_str()) {}
  std::uint32_t output_count() const override { return static_cast<std::uint32_t>(chain.outputs.size()); }
  void infer(Inputs, std::span<Array> outputs) const override {
    std::copy(chain.outputs.begin(), chain.outputs.end(), outputs.begin());
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) output.allot();
    Pass(chain, inputs, outputs).all();
  }
};

class FusedProduct : private Holder, public Operation {
 public:
  FusedProduct(Chain made, Epilogue epilogue)
      : Holder{std::move(made)}, Operation(chain.name.c_str()), epilogue_(std::move(epilogue)) {}
  std::uint32_t output_count() const override { return static_cast<std::uint32_t>(chain.outputs.size()); }
  void infer(Inputs, std::span<Array> outputs) const override {
    std::copy(chain.outputs.begin(), chain.outputs.end(), outputs.begin());
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    for (Array& output : outputs) output.allot();
    std::vector<Array> operands(inputs.begin() + 1, inputs.end());
    const int place = epilogue_.product >= 0 ? epilogue_.product : epilogue_.host;
    operands[0] = place >= 0 ? outputs[static_cast<std::size_t>(place)]
                             : Array::make(epilogue_.first.dtype, epilogue_.first.shape);
    const Pass pass(chain, operands, outputs);
    multiply_into(inputs[0], inputs[1], operands[0], false, [&](const Block& block) { pass.block(block); });
  }

 private:
  Epilogue epilogue_;
};

}  // namespace

Ref<const Operation> fused(Chain chain) {
  return make<const Fused>(std::move(chain));
}
Ref<const Operation> fused(Chain chain, Epilogue epilogue) {
  return make<const FusedProduct>(std::move(chain), std::move(epilogue));
}

}  // namespace stochos::tensor
