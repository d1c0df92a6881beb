// Questions to vectors as the core sees them: the kernel at every length, selection, threads.
#include <algorithm>
#include <cmath>
#include <vector>

#include "check.hpp"
#include "kernels/table.hpp"
#include "words/queries.hpp"

using namespace stochos;

namespace {

// Numbers in [-1, 1) from a linear congruence (Numerical Recipes, ranqd1).
std::vector<float> numbers(std::size_t count) {
  std::vector<float> out(count);
  std::uint32_t state = 7;
  for (float& x : out) {
    state = state * 1664525U + 1013904223U;
    x = static_cast<float>(state >> 8) * 0x1p-23F - 1.0F;
  }
  return out;
}

}  // namespace

TEST(dots_are_inner_products_at_every_length_and_place) {
  for (std::size_t dim = 1; dim <= 70; ++dim) {
    const std::vector<float> rows = numbers(11 * dim), query = numbers(dim);
    std::vector<float> out(11, -9), alone(1);
    kernels::table().dots(rows.data(), 11, dim, query.data(), out.data());
    for (std::size_t r = 0; r < 11; ++r) {
      double exact = 0, size = 0;
      for (std::size_t i = 0; i < dim; ++i) {
        exact += static_cast<double>(rows[r * dim + i]) * query[i];
        size += std::abs(static_cast<double>(rows[r * dim + i]) * query[i]);
      }
      // Each of dim roundings is at most 2^-24 of the sum of magnitudes.
      CHECK(std::abs(out[r] - exact) <= static_cast<double>(dim + 1) * 0x1p-24 * size);
      kernels::table().dots(&rows[r * dim], 1, dim, query.data(), alone.data());
      CHECK(alone[0] == out[r]);
    }
  }
}

TEST(best_rows_do_not_depend_on_threads) {
  const std::size_t rows = 33001, dim = 130;  // 4.3 M multiply-adds: on the pool with two threads and more
  const std::vector<float> matrix = numbers(rows * dim), query = numbers(dim);
  Control control;
  const words::Ranked one = words::best_rows({matrix.data(), rows, dim}, query, {}, {}, 40, 1, control);
  CHECK(one.index.size() == 40);
  for (const unsigned threads : {2U, 8U}) {
    const words::Ranked many =
        words::best_rows({matrix.data(), rows, dim}, query, {}, {}, 40, threads, control);
    CHECK(many.index == one.index && many.score == one.score);
  }
}

TEST(best_rows_are_those_of_a_full_sort) {
  // Scores with many ties; a stable sort by falling score keeps the order of rows.
  std::vector<float> scores(5000);
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<float>(i * 7919 % 97);
  std::vector<std::uint8_t> mask(scores.size());
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = i % 3 != 0;
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (mask[i] != 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  for (const std::size_t k : {0UL, 1UL, 2UL, 15UL, 100UL, 3333UL, 5000UL, 100000UL}) {
    const words::Ranked ranked = words::best(scores, mask, k);
    CHECK(ranked.index.size() == std::min(k, order.size()));
    CHECK(std::equal(ranked.index.begin(), ranked.index.end(), order.begin()));
  }
}
