#include "reactions/methods/cr.hpp"

#include "reactions/methods/loop.hpp"

namespace stochos::reactions {

CompositionRejection::CompositionRejection(const Network& network, random::Key key)
    : network_(network), key_(key), propensity_(static_cast<std::uint32_t>(network.reactions())) {}

void CompositionRejection::begin(const double* x, double* registers, std::uint64_t record) {
  source_ = random::Source(key_, record);
  refresh(x, registers, 0);
}

void CompositionRejection::refresh(const double* x, double* registers, double) {
  propensity_.clear();
  for (std::uint32_t r = 0; r < network_.reactions(); ++r)
    propensity_.put(r, network_.propensity(r, x, registers));
  propensity_.sum_up();
}

double CompositionRejection::next(double now) {
  const double total = propensity_.total();
  if (!(total > 0 && total <= kMostTotal)) [[unlikely]]
    return no_reaction(total, now);
  return now + source_.exponential() / total;
}

std::uint32_t CompositionRejection::fire(double* x, double* registers, double now) {
  const std::uint32_t reaction = propensity_.pick(source_).item;
  network_.apply(reaction, x, registers);
  moved(reaction, x, registers, now);
  return reaction;
}

void CompositionRejection::moved(std::uint32_t reaction, const double* x, double* registers, double) {
  network_.renew(reaction, x, registers, [this](std::uint32_t j, double a) { propensity_.put(j, a); });
  propensity_.sum_up();
}

std::unique_ptr<Runner> make_cr(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<CompositionRejection>>(network, plan, key);
}

}  // namespace stochos::reactions
