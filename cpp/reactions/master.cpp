#include "reactions/master.hpp"

#include <algorithm>
#include <cmath>

#include "base/pool.hpp"

namespace stochos::reactions {
namespace {

constexpr double kStep = 4096.0;              // largest mean number of jumps in one sum
constexpr std::size_t kRows = 4096;           // rows of a block; its sums are added in block order
constexpr std::size_t kParallel = 1'000'000;  // entries below which one thread is quicker

class Uniformised {
 public:
  Uniformised(const Generator& generator, unsigned threads, Control& control)
      : g_(generator),
        threads_(generator.rate.size() < kParallel ? 1 : threads),
        control_(control),
        blocks_((generator.size() + kRows - 1) / kRows),
        change_(blocks_),
        left_(blocks_),
        p_(generator.size(), 0.0),
        next_(generator.size()),
        sum_(generator.size()) {
    p_[g_.first] = 1.0;
  }

  const std::vector<double>& probabilities() const { return p_; }
  double outside() const { return outside_; }
  std::uint64_t products() const { return products_; }

  // Goes on by a time in which `q` jumps of the uniformised chain are expected.
  void advance(double q, double missing) {
    const PoissonWeights poisson = poisson_weights(q, missing);
    const std::size_t last = poisson.first + poisson.weight.size() - 1;
    std::fill(sum_.begin(), sum_.end(), 0.0);
    double outside_sum = 0.0, used = 0.0;
    for (std::size_t k = 0;; ++k) {
      if (k >= poisson.first) {
        const double w = poisson.weight[k - poisson.first];
        used += w;
        for (std::size_t i = 0; i < p_.size(); ++i) sum_[i] += w * p_[i];
        outside_sum += w * outside_;
      }
      if (k == last || control_.stopped()) break;
      const double change = jump();
      // The chain contracts: later changes are no larger. What all of them could still move is below the
      // error.
      if (change * static_cast<double>(last - k) <= missing) {
        const double rest = 1.0 - used;
        for (std::size_t i = 0; i < p_.size(); ++i) sum_[i] += rest * p_[i];
        outside_sum += rest * outside_;
        break;
      }
    }
    p_.swap(sum_);
    outside_ = outside_sum;
  }

 private:
  // One jump; returns the 1-norm of the change.
  double jump() {
    if (threads_ == 1) {
      for (std::size_t b = 0; b < blocks_ && !control_.stopped(); ++b) block(b);
    } else {
      parallel_run(blocks_, threads_, [&](std::size_t b, unsigned) { block(b); }, control_);
    }
    double change = 0.0, left = 0.0;
    for (std::size_t b = 0; b < blocks_; ++b) {
      change += change_[b];
      left += left_[b];
    }
    p_.swap(next_);
    outside_ += left;
    ++products_;
    control_.advance(1);
    return change + left;
  }

  void block(std::size_t b) {
    const double scale = 1.0 / g_.fastest;
    const std::size_t last = std::min(p_.size(), (b + 1) * kRows);
    double change = 0.0, left = 0.0;
    for (std::size_t i = b * kRows; i < last; ++i) {
      double in = 0.0;
      const auto end = static_cast<std::size_t>(g_.start[i + 1]);
      for (auto k = static_cast<std::size_t>(g_.start[i]); k < end; ++k) in += g_.rate[k] * p_[g_.source[k]];
      next_[i] = std::max(0.0, p_[i] * (1.0 - g_.exit[i] * scale)) + in * scale;
      change += std::fabs(next_[i] - p_[i]);
    }
    if (!g_.leave.empty()) {
      for (std::size_t i = b * kRows; i < last; ++i) left += g_.leave[i] * p_[i];
    }
    change_[b] = change;
    left_[b] = left * scale;
  }

  const Generator& g_;
  unsigned threads_;
  Control& control_;
  std::size_t blocks_;
  std::vector<double> change_, left_, p_, next_, sum_;
  double outside_ = 0.0;
  std::uint64_t products_ = 0;
};

}  // namespace

PoissonWeights poisson_weights(double q, double missing) {
  // From the mode outwards, relative to it, so that nothing under- or overflows; each tail is below a
  // geometric one.
  const double mode = std::floor(q);
  std::vector<double> down, up{1.0};
  double sum = 1.0, weight = 1.0;
  for (double k = mode; k > 0.0; k -= 1.0) {
    if (k < q && weight * (k / (q - k)) <= 0.25 * missing * sum) break;
    weight *= k / q;
    down.push_back(weight);
    sum += weight;
  }
  weight = 1.0;
  for (double k = mode + 1.0;; k += 1.0) {
    if (weight * (q / (k - q)) <= 0.25 * missing * sum) break;
    weight *= q / k;
    up.push_back(weight);
    sum += weight;
  }
  PoissonWeights made;
  made.first = static_cast<std::size_t>(mode) - down.size();
  made.weight.assign(down.rbegin(), down.rend());
  made.weight.insert(made.weight.end(), up.begin(), up.end());
  // Smallest first: the sum is as exact as it can be.
  std::vector<double> ascending = made.weight;
  std::sort(ascending.begin(), ascending.end());
  double total = 0.0;
  for (const double w : ascending) total += w;
  for (double& w : made.weight) w /= total;
  return made;
}

MasterSolution solve_master(const Generator& generator, std::span<const double> times, double tolerance,
                            unsigned threads, Control& control) {
  MasterSolution made;
  const double rate = generator.fastest;
  const auto steps_of = [&](double gap) { return std::max(1.0, std::ceil(rate * gap / kStep)); };
  double steps = 0.0, before = 0.0, jumps = 0.0;
  for (const double time : times) {
    const double n = steps_of(time - before), q = rate * (time - before) / n;
    steps += n;
    jumps += n * (q + 7.0 * std::sqrt(q) + 5.0);
    before = time;
  }
  control.start(static_cast<std::uint64_t>(std::min(jumps, 9e15)));
  Uniformised chain(generator, threads, control);
  const double missing = std::max(tolerance / steps, 1e-17);
  made.probabilities.reserve(times.size() * generator.size());
  const auto run = [&] {
    double now = 0.0;
    for (const double time : times) {
      if (time > now && rate > 0.0) {
        const double n = steps_of(time - now);
        for (double step = 0.0; step < n && !control.stopped(); step += 1.0) {
          chain.advance(rate * (time - now) / n, missing);
        }
      }
      if (control.stopped()) return;
      now = time;
      made.probabilities.insert(made.probabilities.end(), chain.probabilities().begin(),
                                chain.probabilities().end());
      made.outside.push_back(chain.outside());
    }
  };
  if (generator.rate.size() < kParallel || threads == 1) {
    parallel_run(1, 1, [&](std::size_t, unsigned) { run(); }, control);
  } else {
    run();  // each product is a parallel run of its own
  }
  made.products = chain.products();
  return made;
}

}  // namespace stochos::reactions
