#include "expr/program.hpp"

#include <algorithm>

namespace stochos::expr {
namespace {

constexpr std::size_t kBlock =
    256;  // numbers of one register in a batch: registers stay in the nearest cache

}  // namespace

double Program::run(const double* slots, double* registers) const noexcept {
  const double* const places[4] = {slots, registers, constants_.data(), nullptr};
  const auto at = [&](Operand o) -> const double& { return places[o.bits & 3U][o.bits >> 2]; };
  for (const Instruction& i : instructions_)
    with_function(i.op, [&](auto f) { registers[i.to] = f(at(i.a), at(i.b), at(i.c)); });
  return at(result_);
}

std::size_t Program::batch_scratch() const noexcept {
  return (registers_ + constants_.size() + reads_.size()) * kBlock;
}

// Constants and steady inputs are spread over a block, so that every operand is an array.
void Program::run_batch(std::span<const Column> columns, std::size_t begin, std::size_t end, double* out,
                        double* scratch) const {
  double* const spread = scratch + registers_ * kBlock;
  for (std::size_t k = 0; k < constants_.size(); ++k) std::fill_n(spread + k * kBlock, kBlock, constants_[k]);
  double* const inputs = spread + constants_.size() * kBlock;
  std::vector<const double*> slot(reads_.empty() ? 0 : reads_.back() + 1, nullptr);
  for (std::size_t k = 0; k < reads_.size(); ++k) {
    if (columns[reads_[k]].step == 0) {
      std::fill_n(inputs + k * kBlock, kBlock, *columns[reads_[k]].data);
      slot[reads_[k]] = inputs + k * kBlock;
    }
  }
  for (std::size_t start = begin; start < end; start += kBlock) {
    const std::size_t n = std::min(kBlock, end - start);
    for (const std::uint32_t s : reads_)
      if (columns[s].step != 0) slot[s] = columns[s].data + start;
    const auto at = [&](Operand o) -> const double* {
      if (o.place() == Operand::slot) return slot[o.index()];
      return (o.place() == Operand::reg ? scratch : spread) + o.index() * kBlock;
    };
    for (const Instruction& i : instructions_) {
      const double *a = at(i.a), *b = at(i.b), *c = at(i.c);
      double* to = scratch + i.to * kBlock;
      with_function(i.op, [&](auto f) {
        for (std::size_t k = 0; k < n; ++k) to[k] = f(a[k], b[k], c[k]);
      });
    }
    std::copy_n(at(result_), n, out + start);
  }
}

}  // namespace stochos::expr
