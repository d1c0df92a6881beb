#include "reactions/methods/rssa.hpp"

#include <algorithm>

#include "reactions/methods/loop.hpp"
#include "reactions/methods/sums.hpp"

namespace stochos::reactions {
namespace {
constexpr std::uint32_t kMostTries = 64;
}

Rejection::Rejection(const Network& network, random::Key key)
    : network_(network),
      key_(key),
      count_(static_cast<std::uint32_t>(network.reactions())),
      groups_((count_ + kGroup - 1) / kGroup),
      least_(network.slots(), 1.0),
      most_(network.slots(), 1.0),
      low_(count_, 0.0),
      high_(std::size_t{groups_} * kGroup, 0.0),
      sum_((groups_ + 3) & ~3U, 0.0),
      touched_(groups_, 0),
      list_(groups_ + 1),
      exact_(network.changers()) {
  for (std::uint32_t r = 0; r < exact_.size(); ++r)
    for (const std::uint32_t j : network.slow_dependents(r))
      if (!network.is_mass_action(j)) exact_[r].push_back(j);
}

void Rejection::begin(const double* x, double* registers, std::uint64_t record) {
  source_ = random::Source(key_, record);
  refresh(x, registers, 0);
}

void Rejection::refresh(const double* x, double* registers, double) {
  x_ = x;
  registers_ = registers;
  for (std::uint32_t s = 0; s < network_.species(); ++s) enclose(s, x[s]);
  for (std::uint32_t r = 0; r < count_; ++r) bound(r);
  sum_up();
}

// A tenth to both sides, and 4 for small amounts: the widths that the paper finds good.
void Rejection::enclose(std::uint32_t species, double amount) noexcept {
  const double width = amount < 25 ? 4 : static_cast<double>(static_cast<std::int64_t>(amount * 0.1));
  least_[species] = amount > width ? amount - width : 0;
  most_[species] = amount + width;
}

void Rejection::bound(std::uint32_t reaction) {
  ++bounds_;
  if (!network_.is_mass_action(reaction)) {
    low_[reaction] = network_.propensity(reaction, x_, registers_);
    put(reaction, low_[reaction]);
    return;
  }
  // Mass action grows with each amount. A hair above the bound covers the rounding of the products.
  low_[reaction] = network_.propensity(reaction, least_.data(), registers_);
  put(reaction, network_.propensity(reaction, most_.data(), registers_) * (1 + 0x1p-40));
}

void Rejection::put(std::uint32_t reaction, double high) noexcept {
  high_[reaction] = high;
  const std::uint32_t group = reaction / kGroup;
  if (touched_[group] != 0) return;
  touched_[group] = 1;
  list_[listed_++] = group;
}

void Rejection::sum_up() noexcept {
  if (listed_ == 0) return;
  for (std::uint32_t i = 0; i < listed_; ++i) {
    const double* a = high_.data() + std::size_t{list_[i]} * kGroup;
    double s0 = 0, s1 = 0;
    for (std::uint32_t j = 0; j < kGroup; j += 2) {
      s0 += a[j];
      s1 += a[j + 1];
    }
    sum_[list_[i]] = s0 + s1;
    touched_[list_[i]] = 0;
  }
  listed_ = 0;
  total_ = total_of(sum_);
}

std::uint32_t Rejection::select(double target) const noexcept {
  std::uint32_t last = 0;
  bool found = false;
  for (std::uint32_t g = 0; g < groups_; ++g) {
    if (!(sum_[g] > 0)) continue;
    last = g;
    if (target < sum_[g]) {
      found = true;
      break;
    }
    target -= sum_[g];
  }
  std::uint32_t chosen = last * kGroup;
  for (std::uint32_t p = last * kGroup; p < (last + 1) * kGroup; ++p) {
    if (!(high_[p] > 0)) continue;
    chosen = p;
    if (found && target < high_[p]) break;
    target -= high_[p];
  }
  return chosen;
}

// Candidates come with the rate of the bounds; those that are turned down only let time pass.
double Rejection::next(double now) {
  if (!(total_ > 0 && total_ <= kMostTotal)) [[unlikely]]
    return no_reaction(total_, now);
  for (std::uint32_t tries = 0;; ++tries) {
    now += source_.exponential() / total_;
    ++candidates_;
    chosen_ = select(source_.uniform() * total_);
    const double height = source_.uniform() * high_[chosen_];
    if (height < low_[chosen_] || height < network_.propensity(chosen_, x_, registers_)) return now;
    // Bounds far above the truth: close the intervals, so that the next candidate is taken if any can be.
    if (tries == kMostTries) {
      for (std::uint32_t s = 0; s < network_.species(); ++s) least_[s] = most_[s] = x_[s];
      for (std::uint32_t r = 0; r < count_; ++r) bound(r);
      sum_up();
      if (!(total_ > 0)) return no_reaction(total_, now);
    }
  }
}

std::uint32_t Rejection::fire(double* x, double* registers, double) {
  const std::uint32_t reaction = chosen_;
  network_.apply(reaction, x, registers);
  moved(reaction, x, registers, 0);
  return reaction;
}

void Rejection::moved(std::uint32_t reaction, const double* x, double*, double) {
  for (const Change& change : network_.changes(reaction)) {
    const double amount = x[change.species];
    if (amount >= least_[change.species] && amount <= most_[change.species]) continue;
    enclose(change.species, amount);
    for (const std::uint32_t j : network_.readers(change.species)) bound(j);
  }
  for (const std::uint32_t j : exact_[reaction]) bound(j);
  sum_up();
}

std::unique_ptr<Runner> make_rssa(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<Rejection>>(network, plan, key);
}

}  // namespace stochos::reactions
