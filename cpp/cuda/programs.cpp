#include "cuda/programs.hpp"

#include <algorithm>

namespace stochos::cuda {

std::string Programs::obstacle(const expr::Program& program) {
  if (program.draws()) return "draws random numbers";
  if (program.register_count() > kMostRegisters)
    return "needs " + std::to_string(program.register_count()) + " intermediate numbers, more than " +
           std::to_string(kMostRegisters);
  for (const expr::Instruction& i : program.instructions())
    if (i.op == expr::Op::factorial) return "has a factorial";
  return {};
}

Code Programs::add(const expr::Program& program, const std::function<Place(std::uint32_t)>& place) {
  const auto base = static_cast<std::uint32_t>(constants.size());
  constants.insert(constants.end(), program.constants().begin(), program.constants().end());
  const auto moved = [&](expr::Operand operand) {
    using expr::Operand;
    if (operand.place() == Operand::reg) return operand.bits;
    if (operand.place() == Operand::constant)
      return Operand::make(Operand::constant, base + operand.index()).bits;
    const Place found = place(operand.index());
    if (found.slot) return Operand::make(Operand::slot, *found.slot).bits;
    constants.push_back(found.constant);
    return Operand::make(Operand::constant, static_cast<std::uint32_t>(constants.size() - 1)).bits;
  };
  Code code;
  code.begin = static_cast<std::uint32_t>(steps.size());
  for (const expr::Instruction& i : program.instructions())
    steps.push_back({i.op, i.to, moved(i.a), moved(i.b), moved(i.c)});
  code.end = static_cast<std::uint32_t>(steps.size());
  code.result = moved(program.result());
  return code;
}

}  // namespace stochos::cuda
