// Draws from the usual laws over a counter-based source: draw number i of a source is a function of (key,
// record, i) alone.
#pragma once
#include <cstdint>

#include "random/log.hpp"
#include "random/stream.hpp"

namespace stochos::random {

// Block from which a trajectory takes the random numbers that its expressions name: never reached by the
// draws of its reactions.
inline constexpr std::uint64_t kFirstDraw = std::uint64_t{1} << 63;

// The blocks (key, record, 0), (key, record, 1), ... in order.
class Source {
 public:
  Source() = default;
  Source(Key key, std::uint64_t record, std::uint64_t first = 0) : key_(key), record_(record), next_(first) {}
  Block block() noexcept { return draw(key_, record_, next_++); }
  // The next double of (0, 1): two to a block.
  double uniform() noexcept {
    if (kept_) {
      kept_ = false;
      return second_;
    }
    const Block b = block();
    second_ = uniform_open(b[2], b[3]);
    kept_ = true;
    return uniform_open(b[0], b[1]);
  }
  double exponential() noexcept { return -random::log(uniform()); }
  std::uint64_t next() const noexcept { return next_; }

 private:
  Key key_{};
  std::uint64_t record_ = 0, next_ = 0;
  double second_ = 0;
  bool kept_ = false;
};

// Mean 0, variance 1; polar method of G. Marsaglia, T. A. Bray, SIAM Review 6 (1964), one of the pair kept.
double normal(Source& source);
// Shape a > 0, scale 1; G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS
// 26 (2000), with the power of a uniform for a < 1.
double gamma(Source& source, double shape);
// Mean >= 0; inversion below 10, above it PTRS: W. Hoermann, "The transformed rejection method for generating
// Poisson random variables", Insurance: Mathematics and Economics 12 (1993). A whole number, exact below
// 2^53.
double poisson(Source& source, double mean);
// Number of successes of n (a whole number below 2^53) with chance p in [0, 1]; inversion for small n p, else
// BTRS: W. Hoermann, "The generation of binomial random variates", J. Stat. Comput. Simul. 46 (1993).
double binomial(Source& source, double n, double p);

// log(k!) for a whole k >= 0, to a few units in the last place.
double log_factorial(double k);

}  // namespace stochos::random
