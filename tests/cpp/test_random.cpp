#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "check.hpp"
#include "kernels/table.hpp"
#include "random/distributions.hpp"

using namespace stochos::random;

namespace {

constexpr std::size_t kDraws = 40000;

Source source(std::uint64_t record) {
  return Source(stream_key(7, Purpose::trajectory), record);
}

// Wilson and Hilferty: (chi2/f)^(1/3) is nearly normal. 5 standard deviations: a false alarm in 3e6 runs.
bool plausible(double statistic, double freedom) {
  const double part = 2 / (9 * freedom);
  return (std::cbrt(statistic / freedom) - (1 - part)) / std::sqrt(part) < 5;
}

// Pearson's test of whole numbers against chance(k) for k = 0, 1, ...; cells of less than 8 are pooled.
template <class Draw, class Chance>
bool follows(Draw draw, Chance chance, std::size_t most) {
  std::vector<double> seen(most + 1, 0.0);
  for (std::size_t i = 0; i < kDraws; ++i) {
    const double k = draw();
    if (!(k >= 0 && k <= static_cast<double>(most) && k == std::floor(k))) return false;
    ++seen[static_cast<std::size_t>(k)];
  }
  double statistic = 0, cells = 0, count = 0, expected = 0, left = kDraws, left_seen = kDraws;
  for (std::size_t k = 0; k <= most; ++k) {
    count += seen[k];
    expected += chance(static_cast<double>(k)) * kDraws;
    if (expected < 8 || left - expected < 8) continue;
    statistic += (count - expected) * (count - expected) / expected;
    left -= expected;
    left_seen -= count;
    ++cells;
    count = expected = 0;
  }
  statistic += (left_seen - left) * (left_seen - left) / left;
  return plausible(statistic, cells);
}

// Kolmogorov's test: sqrt(n) D above 2.7 has chance 9e-7.
template <class Draw, class Distribution>
bool follows_continuous(Draw draw, Distribution distribution) {
  std::vector<double> values(kDraws);
  for (double& value : values) value = distribution(draw());
  // The values are uniform if the law is right: compare with the even steps after a bucket sort.
  std::vector<double> count(kDraws + 1, 0.0);
  for (const double value : values) {
    if (!(value >= 0 && value <= 1)) return false;
    ++count[static_cast<std::size_t>(value * kDraws)];
  }
  double sum = 0, worst = 0;
  for (std::size_t i = 0; i < kDraws; ++i) {
    sum += count[i];
    worst = std::fmax(worst, std::fabs(sum - static_cast<double>(i + 1)) / kDraws);
  }
  return worst * std::sqrt(static_cast<double>(kDraws)) < 2.7;
}

}  // namespace

// Against the C library: at most one unit in the last place away, over all magnitudes.
TEST(log_is_within_one_ulp) {
  Source draws = source(1);
  bool ok = true;
  for (int i = 0; i < 400000; ++i) {
    const double u = draws.uniform();
    const double scale = i % 4 == 0   ? std::ldexp(u, static_cast<int>(draws.uniform() * 2000) - 1000)
                         : i % 4 == 1 ? 1 - u * 1e-3
                                      : u;
    const double mine = stochos::random::log(scale), truth = std::log(scale);
    const double step =
        std::nextafter(std::fabs(truth), std::numeric_limits<double>::infinity()) - std::fabs(truth);
    ok = ok && std::fabs(mine - truth) <= step;
  }
  CHECK(ok);
  CHECK(stochos::random::log(1.0) == 0);
}

// The bits are part of stream version 1: they must be these on every machine.
TEST(log_has_fixed_bits) {
  std::uint64_t sum = 0;
  Source draws = source(2);
  for (int i = 0; i < 1000; ++i) {
    const double value = stochos::random::log(draws.uniform());
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    sum = mix(sum ^ bits);
  }
  CHECK(sum == 0x5E274468EE2323DCULL);
}

TEST(source_gives_both_halves_of_each_block) {
  Source draws = source(3);
  const Key key = stream_key(7, Purpose::trajectory);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const Block b = draw(key, 3, i);
    CHECK(draws.uniform() == uniform_open(b[0], b[1]));
    CHECK(draws.uniform() == uniform_open(b[2], b[3]));
  }
}

TEST(continuous_laws) {
  Source s = source(4);
  CHECK(follows_continuous([&] { return s.exponential(); }, [](double x) { return -std::expm1(-x); }));
  CHECK(follows_continuous([&] { return normal(s); },
                           [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }));
  // Gamma of shape 1/2 is half a squared normal; of shape 3 it is a sum of three exponentials.
  CHECK(follows_continuous([&] { return gamma(s, 0.5); }, [](double x) { return std::erf(std::sqrt(x)); }));
  CHECK(follows_continuous([&] { return gamma(s, 3); },
                           [](double x) { return 1 - std::exp(-x) * (1 + x + x * x / 2); }));
}

TEST(discrete_laws) {
  Source s = source(5);
  for (const double mean : {0.3, 4.0, 9.99, 10.0, 37.5, 400.0}) {
    const auto most = static_cast<std::size_t>(mean + 12 * std::sqrt(mean) + 20);
    CHECK(follows([&] { return poisson(s, mean); },
                  [&](double k) { return std::exp(k * std::log(mean) - mean - std::lgamma(k + 1)); }, most));
  }
  struct Case {
    double n, p;
  };
  for (const Case c : {Case{1, 0.3}, Case{20, 0.5}, Case{40, 0.3}, Case{40, 0.9}, Case{1000, 0.004},
                       Case{1000, 0.37}, Case{500, 0.98}}) {
    CHECK(follows([&] { return binomial(s, c.n, c.p); },
                  [&](double k) {
                    return std::exp(std::lgamma(c.n + 1) - std::lgamma(k + 1) - std::lgamma(c.n - k + 1) +
                                    k * std::log(c.p) + (c.n - k) * std::log1p(-c.p));
                  },
                  static_cast<std::size_t>(c.n)));
  }
  CHECK(poisson(s, 0) == 0);
  CHECK(binomial(s, 10, 0) == 0);
  CHECK(binomial(s, 10, 1) == 10);
  CHECK(binomial(s, 0, 0.5) == 0);
}

// Runs at each instruction set.
TEST(vector_draws_have_the_bits_of_single_ones) {
  const Key key = stream_key(12345, Purpose::trajectory);
  std::vector<double> waiting(4096), uniform(4096);
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{0xFFFFFFF0}}) {
    stochos::kernels::table().event_draws(key[0], key[1], 0x100000007, first, 4096, waiting.data(),
                                          uniform.data());
    bool ok = true;
    for (std::uint64_t i = 0; i < 4096; ++i) {
      const Block b = draw(key, 0x100000007, first + i);
      ok = ok && waiting[i] == -stochos::random::log(uniform_open(b[0], b[1]));
      ok = ok && uniform[i] == uniform_open(b[2], b[3]);
    }
    CHECK(ok);
  }
}

// Poisson and binomial draws above a mean of 10 are accepted by it: a wrong term of the series would shift
// their chances by less than a million draws show.
TEST(log_factorials_are_those_of_the_c_library) {
  for (double k = 0; k < 300; ++k)
    CHECK(std::fabs(log_factorial(k) - std::lgamma(k + 1)) <= 4e-15 * (1 + std::lgamma(k + 1)));
  for (const double k : {1e3, 12345.0, 1e6, 1e9, 1e12})
    CHECK(std::fabs(log_factorial(k) - std::lgamma(k + 1)) <= 4e-15 * std::lgamma(k + 1));
}
