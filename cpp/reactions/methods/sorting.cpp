#include "reactions/methods/sorting.hpp"

#include <numeric>
#include <utility>

#include "reactions/methods/loop.hpp"

namespace stochos::reactions {

Sorting::Sorting(const Network& network, random::Key key)
    : network_(network),
      draws_(key),
      count_(static_cast<std::uint32_t>(network.reactions())),
      propensity_(count_),
      place_(count_),
      order_(count_) {}

void Sorting::begin(const double* x, double* registers, std::uint64_t record) {
  draws_.begin(record);
  // Each trajectory starts from the same order: it must not depend on those before it.
  std::iota(place_.begin(), place_.end(), 0U);
  std::iota(order_.begin(), order_.end(), 0U);
  refresh(x, registers, 0);
}

void Sorting::refresh(const double* x, double* registers, double) {
  for (std::uint32_t r = 0; r < count_; ++r) propensity_.put(place_[r], network_.propensity(r, x, registers));
  propensity_.sum_up();
}

double Sorting::next(double now) {
  const double total = propensity_.total();
  if (!(total > 0 && total <= kMostTotal)) [[unlikely]]
    return no_reaction(total, now);
  const Draws::Pair pair = draws_.next();
  uniform_ = pair.uniform;
  return now + pair.exponential / total;
}

std::uint32_t Sorting::fire(double* x, double* registers, double) {
  const std::uint32_t place = propensity_.select(uniform_ * propensity_.total()), reaction = order_[place];
  if (place > 0) {
    const std::uint32_t front = place - 1, other = order_[front];
    const double a = propensity_[place];
    propensity_.put(place, propensity_[front]);
    propensity_.put(front, a);
    std::swap(order_[place], order_[front]);
    place_[other] = place;
    place_[reaction] = front;
  }
  network_.apply(reaction, x, registers);
  moved(reaction, x, registers, 0);
  return reaction;
}

void Sorting::moved(std::uint32_t reaction, const double* x, double* registers, double) {
  network_.renew(reaction, x, registers,
                 [this](std::uint32_t j, double a) { propensity_.put(place_[j], a); });
  propensity_.sum_up();
}

std::unique_ptr<Runner> make_sorting(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<Sorting>>(network, plan, key);
}

}  // namespace stochos::reactions
