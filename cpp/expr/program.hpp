// An expression as a list of instructions over registers: what simulations evaluate.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "expr/ast.hpp"
#include "random/distributions.hpp"

namespace stochos::expr {

// Which slot of the state a name stands for.
struct Symbols {
  std::unordered_map<std::string, std::uint32_t> slots;
};

// A number among the slots, the registers or the program's constants.
struct Operand {
  enum Place : std::uint32_t { slot = 0, reg = 1, constant = 2 };
  std::uint32_t bits = 0;
  static Operand make(Place place, std::uint32_t index) { return {index << 2 | place}; }
  Place place() const noexcept { return static_cast<Place>(bits & 3U); }
  std::uint32_t index() const noexcept { return bits >> 2; }
  bool operator==(const Operand&) const = default;
};

// How a sum, difference, product or quotient finds its arguments: the commonest ways have their own place in
// the interpreter's switch. `last` is the result of the instruction before, still in a register of the
// machine.
enum class Form : std::uint8_t {
  any,
  last_slot,
  last_constant,
  last_reg,
  slot_last,
  constant_last,
  reg_last,
  slot_slot,
  slot_constant,
  constant_slot,
  last_last,
  count
};

struct Instruction {
  Op op;
  std::uint8_t quick;  // quick_code of a sum, difference, product or quotient, else 0
  std::uint32_t to;    // register
  Operand a, b, c;     // one that the operation does not use equals a; a draw's a.bits is its number
};

// The arguments of a random number.
struct Draw {
  std::array<Operand, 4> arguments{};
  std::uint32_t count = 0;
};

// Of Op::add, sub, mul, div, which follow each other.
constexpr std::uint8_t quick_code(Op op, Form form) {
  return static_cast<std::uint8_t>(
      1 + (static_cast<int>(op) - static_cast<int>(Op::add)) * static_cast<int>(Form::count) +
      static_cast<int>(form));
}

// One input of a batch: value i is data[i * step].
struct Column {
  const double* data;
  std::size_t step;
};

class Program {
 public:
  Program() = default;
  // `registers` has room for register_count() numbers, of any content. Only the slots in reads() are looked
  // at.
  double run(const double* slots, double* registers) const noexcept;
  // The same where random numbers may stand in it; each is drawn, in the order of the text, whether a choice
  // between pieces takes it or not.
  double run(const double* slots, double* registers, random::Source& source) const;
  bool draws() const noexcept { return !draws_.empty(); }
  // Values begin..end-1 of the outputs, bit for bit what run() gives; columns by slot, `scratch` for
  // batch_scratch() numbers.
  void run_batch(std::span<const Column> columns, std::size_t begin, std::size_t end, double* out,
                 double* scratch) const;
  std::size_t batch_scratch() const noexcept;
  // The same for few states that stand side by side: slot s of state i in slots[s * lanes + i]; `scratch` has
  // room for register_count() + 3 times as many numbers. Quickest where `lanes` is a multiple of 8.
  void run_lanes(const double* slots, std::size_t lanes, double* out, double* scratch) const;

  std::size_t register_count() const noexcept { return registers_; }
  const std::vector<std::uint32_t>& reads() const noexcept { return reads_; }  // ascending
  bool is_constant() const noexcept { return reads_.empty() && draws_.empty(); }
  double constant() const noexcept { return constants_[result_.index()]; }  // of a constant program
  std::span<const Instruction> instructions() const noexcept { return instructions_; }
  std::span<const double> constants() const noexcept { return constants_; }
  Operand result() const noexcept { return result_; }

 private:
  friend class Compiler;
  std::size_t block() const noexcept;
  std::vector<Instruction> instructions_;
  std::vector<Draw> draws_;
  std::vector<double> constants_;
  std::vector<std::uint32_t> reads_;
  Operand result_ = Operand::make(Operand::constant, 0);
  std::uint32_t registers_ = 0;
};

// Folds constants, computes what is common once, writes small powers as products. `pi` is 3.14159... unless a
// symbol has that name. Throws Error(key) that begins with [where] for a name that is no symbol.
Program compile(const Ast& ast, const Symbols& symbols, const std::string& where = "expr.compile");

}  // namespace stochos::expr
