#include "reactions/methods/sorting.hpp"

#include <numeric>
#include <utility>

#include "reactions/methods/loop.hpp"
#include "reactions/methods/sums.hpp"

namespace stochos::reactions {

Sorting::Sorting(const Network& network, random::Key key)
    : network_(network),
      draws_(key),
      count_(static_cast<std::uint32_t>(network.reactions())),
      groups_((count_ + kGroup - 1) / kGroup),
      propensity_(std::size_t{groups_} * kGroup, 0.0),
      sum_((groups_ + 3) & ~3U, 0.0),
      place_(count_),
      order_(std::size_t{groups_} * kGroup, 0),
      touched_(groups_, 0),
      list_(groups_ + 1) {}

void Sorting::begin(const double* x, double* registers, std::uint64_t record) {
  draws_.begin(record);
  // Each trajectory starts from the same order: it must not depend on those before it.
  std::iota(place_.begin(), place_.end(), 0U);
  std::iota(order_.begin(), order_.end(), 0U);
  refresh(x, registers, 0);
}

void Sorting::refresh(const double* x, double* registers, double) {
  for (std::uint32_t r = 0; r < count_; ++r) propensity_[place_[r]] = network_.propensity(r, x, registers);
  for (std::uint32_t g = 0; g < groups_; ++g) touch(g);
  sum_up();
}

void Sorting::sum_up() noexcept {
  static_assert(kGroup == 16);
  for (std::uint32_t i = 0; i < listed_; ++i) {
    const double* a = propensity_.data() + std::size_t{list_[i]} * kGroup;
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (std::uint32_t j = 0; j < kGroup; j += 4) {
      s0 += a[j];
      s1 += a[j + 1];
      s2 += a[j + 2];
      s3 += a[j + 3];
    }
    sum_[list_[i]] = (s0 + s1) + (s2 + s3);
    touched_[list_[i]] = 0;
  }
  listed_ = 0;
  total_ = total_of(sum_);
}

double Sorting::next(double now) {
  if (!(total_ > 0 && total_ <= kMostTotal)) [[unlikely]]
    return no_reaction(total_, now);
  const Draws::Pair pair = draws_.next();
  uniform_ = pair.uniform;
  return now + pair.exponential / total_;
}

std::uint32_t Sorting::select(double target) const noexcept {
  // The sums here round in another order than the total: what is left over goes to the last that can fire.
  std::uint32_t group = 0, last = 0;
  bool found = false;
  for (; group < groups_; ++group) {
    if (!(sum_[group] > 0)) continue;
    last = group;
    if (target < sum_[group]) {
      found = true;
      break;
    }
    target -= sum_[group];
  }
  const std::uint32_t begin = (found ? group : last) * kGroup;
  std::uint32_t chosen = begin;
  for (std::uint32_t p = begin; p < begin + kGroup; ++p) {
    if (!(propensity_[p] > 0)) continue;
    chosen = p;
    if (found && target < propensity_[p]) break;
    target -= propensity_[p];
  }
  return chosen;
}

std::uint32_t Sorting::fire(double* x, double* registers, double) {
  std::uint32_t place = select(uniform_ * total_);
  const std::uint32_t reaction = order_[place];
  if (place > 0) {
    const std::uint32_t front = place - 1, other = order_[front];
    std::swap(propensity_[place], propensity_[front]);
    std::swap(order_[place], order_[front]);
    place_[other] = place;
    place_[reaction] = front;
    touch(place / kGroup);
    touch(front / kGroup);
  }
  network_.apply(reaction, x, registers);
  moved(reaction, x, registers, 0);
  return reaction;
}

void Sorting::moved(std::uint32_t reaction, const double* x, double* registers, double) {
  network_.renew(reaction, x, registers, [this](std::uint32_t j, double a) {
    const std::uint32_t p = place_[j];
    propensity_[p] = a;
    touch(p / kGroup);
  });
  sum_up();
}

std::unique_ptr<Runner> make_sorting(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<Sorting>>(network, plan, key);
}

}  // namespace stochos::reactions
