#include "reactions/methods/direct.hpp"

#include <algorithm>
#include <limits>

#include "reactions/methods/loop.hpp"

namespace stochos::reactions {
namespace {
constexpr std::size_t kScan = 64;  // below it, counting all sums beats a search
}

Direct::Direct(const Network& network, random::Key key)
    : network_(network),
      draws_(key),
      count_(network.reactions()),
      padded_((count_ + 3) & ~std::size_t{3}),
      propensity_(count_ + 1, 0.0),
      sum_(padded_ + 4, std::numeric_limits<double>::infinity()) {}

void Direct::begin(const double* x, double* registers, std::uint64_t record) {
  draws_.begin(record);
  refresh(x, registers, 0);
}

void Direct::refresh(const double* x, double* registers, double) {
  for (std::uint32_t r = 0; r < count_; ++r) propensity_[r] = network_.propensity(r, x, registers);
  total_ = 0;
  sum_from(0);
}

void Direct::sum_from(std::size_t first) noexcept {
  double sum = first == 0 ? 0.0 : sum_[first - 1];
  for (std::size_t j = first; j < count_; ++j) {
    sum += propensity_[j];
    sum_[j] = sum;
  }
  total_ = sum;
}

double Direct::next(double now) {
  if (!(total_ > 0 && total_ <= kMostTotal)) [[unlikely]]
    return no_reaction(total_, now);
  const Draws::Pair pair = draws_.next();
  uniform_ = pair.uniform;
  return now + pair.exponential / total_;
}

std::uint32_t Direct::select(double target) const noexcept {
  std::size_t found = 0;
  if (count_ <= kScan) {
    for (std::size_t j = 0; j < padded_; ++j) found += sum_[j] <= target ? 1 : 0;
  } else {
    found = static_cast<std::size_t>(
        std::upper_bound(sum_.begin(), sum_.begin() + static_cast<std::ptrdiff_t>(count_), target) -
        sum_.begin());
  }
  // The product may round up to the total: then the last reaction that can fire is meant.
  if (found >= count_) [[unlikely]] {
    found = count_ - 1;
    while (found > 0 && !(propensity_[found] > 0)) --found;
  }
  return static_cast<std::uint32_t>(found);
}

std::uint32_t Direct::fire(double* x, double* registers, double) {
  const std::uint32_t reaction = select(uniform_ * total_);
  network_.apply(reaction, x, registers);
  moved(reaction, x, registers, 0);
  return reaction;
}

void Direct::moved(std::uint32_t reaction, const double* x, double* registers, double) {
  network_.renew(reaction, x, registers, [this](std::uint32_t j, double a) { propensity_[j] = a; });
  const std::uint32_t first = network_.first_dependent(reaction);
  if (first < count_) sum_from(first);
}

std::unique_ptr<Runner> make_direct(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<Direct>>(network, plan, key);
}

}  // namespace stochos::reactions
