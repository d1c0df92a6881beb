// The groups of one exponent: exact sums, the law of the choice, and room for whatever comes.
#include <algorithm>
#include <cmath>
#include <vector>

#include "check.hpp"
#include "random/distributions.hpp"
#include "reactions/methods/powers.hpp"

using namespace stochos;
using namespace stochos::reactions;

TEST(sums_stay_exact_while_numbers_wander_between_exponents) {
  for (const std::uint32_t count : {1U, 2U, 3U, 64U, 1000U}) {
    random::Source draws({1, 2}, count);
    Powers powers(count);
    for (int round = 0; round < 2; ++round) {
      powers.clear();
      std::vector<double> value(count, 0);
      const auto put = [&](std::uint32_t item, double to) {
        value[item] = to;
        powers.put(item, to);
      };
      // All into one group and out again, then spread ever wider: groups fill, empty and fill others' room.
      for (const double at : {1.0, 3.0, 1e-300, 5e-324, 1.7e308 / 1024})
        for (std::uint32_t i = 0; i < count; ++i) put(i, at);
      for (int step = 0; step < 60000; ++step) {
        const auto item = static_cast<std::uint32_t>(draws.uniform() * count);
        const int wide = step / 20000 * 300;
        put(std::min(item, count - 1),
            draws.uniform() < 0.2 ? 0
                                  : std::ldexp(draws.uniform(), static_cast<int>(draws.uniform() * wide)));
        if (step % 977 != 0) continue;
        powers.sum_up();
        long double sum = 0;
        for (const double v : value) sum += v;
        CHECK(std::abs(powers.total() - static_cast<double>(sum)) <= 1e-15 * 64 * powers.total());
        for (int i = 0; i < 5 && powers.total() > 0; ++i) {
          const Pick pick = powers.pick(draws);
          CHECK(pick.item < count && value[pick.item] > 0);
          CHECK(pick.height >= 0 && pick.height < value[pick.item]);
        }
      }
      for (std::uint32_t i = 0; i < count; ++i) put(i, 0);
      powers.sum_up();
      CHECK(powers.total() == 0);
    }
  }
}

TEST(both_sums_choose_in_proportion) {
  const std::vector<double> value{0.5, 0, 3, 1e-9, 0.75, 1, 7, 0.25, 0, 2, 2, 2, 2, 2, 2, 2, 0.125, 5};
  const auto count = static_cast<std::uint32_t>(value.size());
  Sums sums(count);
  Powers powers(count);
  double total = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    sums.put(i, value[i]);
    powers.put(i, value[i]);
    total += value[i];
  }
  sums.sum_up();
  powers.sum_up();
  constexpr int kDraws = 200000;
  const auto check = [&](const auto& choice) {
    random::Source draws({3, 4}, 5);
    std::vector<int> seen(count, 0);
    double height = 0;
    for (int i = 0; i < kDraws; ++i) {
      const Pick pick = choice.pick(draws);
      ++seen[pick.item];
      height += pick.height / value[pick.item];
    }
    // Binomial: five standard deviations, 18 cells, one false alarm in 10^5.
    for (std::uint32_t i = 0; i < count; ++i) {
      const double p = value[i] / total;
      CHECK(std::abs(seen[i] - p * kDraws) <= 5 * std::sqrt(p * (1 - p) * kDraws));
    }
    CHECK(std::abs(height / kDraws - 0.5) < 5 / std::sqrt(12.0 * kDraws));
  };
  check(sums);
  check(powers);
}

TEST(what_is_no_number_stays_the_total) {
  Powers powers(3);
  powers.put(0, 1);
  powers.put(1, INFINITY);
  powers.sum_up();
  CHECK(powers.total() == INFINITY);
  powers.clear();
  powers.put(0, 1);
  powers.sum_up();
  CHECK(powers.total() == 1);
  powers.put(2, NAN);
  powers.sum_up();
  CHECK(std::isnan(powers.total()));
}
