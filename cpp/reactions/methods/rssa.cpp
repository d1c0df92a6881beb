#include "reactions/methods/rssa.hpp"

#include <algorithm>

#include "reactions/methods/loop.hpp"

namespace stochos::reactions {
namespace {
constexpr std::uint32_t kMostTries = 64;
// A candidate costs about as much as so many bounds.
constexpr std::uint32_t kCandidate = 8;
}  // namespace

template <class Bounds>
Rejection<Bounds>::Rejection(const Network& network, random::Key key)
    : network_(network),
      key_(key),
      count_(static_cast<std::uint32_t>(network.reactions())),
      least_(network.slots(), 1.0),
      most_(network.slots(), 1.0),
      low_(count_, 0.0),
      high_(count_),
      exact_(network.changers()),
      wasted_(network.species(), 0) {
  for (std::uint32_t r = 0; r < exact_.size(); ++r)
    for (const std::uint32_t j : network.slow_dependents(r))
      if (!network.is_mass_action(j)) exact_[r].push_back(j);
}

template <class Bounds>
void Rejection<Bounds>::begin(const double* x, double* registers, std::uint64_t record) {
  source_ = random::Source(key_, record);
  refresh(x, registers, 0);
}

template <class Bounds>
void Rejection<Bounds>::refresh(const double* x, double* registers, double) {
  x_ = x;
  registers_ = registers;
  high_.clear();
  for (std::uint32_t s = 0; s < network_.species(); ++s) enclose(s, x[s]);
  for (std::uint32_t r = 0; r < count_; ++r) bound(r);
  renew();
}

template <class Bounds>
void Rejection<Bounds>::renew() noexcept {
  if (work_.bounds == summed_) return;
  summed_ = work_.bounds;
  ++work_.renewed;
  high_.sum_up();
}

// A tenth to both sides and 4 for small amounts, the widths that the paper finds good, but no more than there
// is: in large networks most species are never seen, and those that come have a molecule or two.
template <class Bounds>
void Rejection<Bounds>::enclose(std::uint32_t species, double amount) noexcept {
  const double width =
      amount < 25 ? std::min(amount, 4.0) : static_cast<double>(static_cast<std::int64_t>(amount * 0.1));
  least_[species] = amount - width;
  most_[species] = amount + width;
  wasted_[species] = 0;
}

template <class Bounds>
void Rejection<Bounds>::bound(std::uint32_t reaction) {
  ++work_.bounds;
  if (!network_.is_mass_action(reaction)) {
    low_[reaction] = network_.propensity(reaction, x_, registers_);
    high_.put(reaction, low_[reaction]);
    return;
  }
  // Mass action grows with each amount. A hair above the bound covers the rounding of the products.
  low_[reaction] = network_.propensity(reaction, least_.data(), registers_);
  high_.put(reaction, network_.propensity(reaction, most_.data(), registers_) * (1 + 0x1p-40));
}

template <class Bounds>
void Rejection<Bounds>::bound_readers(std::uint32_t species) {
  for (const std::uint32_t j : network_.readers(species)) bound(j);
}

// A candidate was turned down. A species that has gone is told so to its readers once the candidates that it
// has cost would have paid for that. `close`: the bounds of this reaction become its propensity.
template <class Bounds>
void Rejection<Bounds>::refuse(std::uint32_t reaction, bool close) {
  for (const std::uint32_t s : network_.law_reads(reaction)) {
    if (s >= network_.species() || least_[s] == most_[s]) continue;
    if (!close && (x_[s] > 0 || ++wasted_[s] * kCandidate < network_.readers(s).size())) continue;
    least_[s] = most_[s] = x_[s];
    bound_readers(s);
  }
  renew();
}

// Candidates come with the rate of the bounds; those that are turned down only let time pass.
template <class Bounds>
double Rejection<Bounds>::next(double now) {
  for (std::uint32_t tries = 0;; ++tries) {
    const double total = high_.total();
    if (!(total > 0 && total <= kMostTotal)) [[unlikely]]
      return no_reaction(total, now);
    now += source_.exponential() / total;
    const Pick pick = high_.pick(source_);
    chosen_ = pick.item;
    ++work_.candidates;
    work_.places += chosen_;
    if (pick.height < low_[chosen_] || pick.height < network_.propensity(chosen_, x_, registers_)) return now;
    refuse(chosen_, tries >= kMostTries);
  }
}

template <class Bounds>
std::uint32_t Rejection<Bounds>::fire(double* x, double* registers, double) {
  const std::uint32_t reaction = chosen_;
  network_.apply(reaction, x, registers);
  moved(reaction, x, registers, 0);
  return reaction;
}

template <class Bounds>
void Rejection<Bounds>::moved(std::uint32_t reaction, const double* x, double*, double) {
  for (const Change& change : network_.changes(reaction)) {
    const double amount = x[change.species];
    if (amount >= least_[change.species] && amount <= most_[change.species]) continue;
    enclose(change.species, amount);
    bound_readers(change.species);
  }
  for (const std::uint32_t j : exact_[reaction]) bound(j);
  renew();
}

template class Rejection<Sums>;
template class Rejection<Powers>;

std::unique_ptr<Runner> make_rssa(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<Rejection<Sums>>>(network, plan, key);
}

std::unique_ptr<Runner> make_rssacr(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<Rejection<Powers>>>(network, plan, key);
}

}  // namespace stochos::reactions
