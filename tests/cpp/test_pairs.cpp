#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/control.hpp"
#include "base/error.hpp"
#include "check.hpp"
#include "words/merge.hpp"
#include "words/pairs.hpp"
#include "words/symmetric.hpp"

using namespace stochos;
using words::kHole;
using words::kLineEnd;

namespace {

struct Text {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint64_t> frequencies;
};

Text random_text(std::size_t n, std::uint32_t size, unsigned seed) {
  std::mt19937 draw(seed);
  Text text{{}, std::vector<std::uint64_t>(size)};
  for (std::size_t p = 0; p < n; ++p) {
    const auto r = draw() % 100;
    const std::uint32_t id = r < 4 ? kLineEnd : r < 7 ? kHole : static_cast<std::uint32_t>(draw() % size);
    text.ids.push_back(id);
    if (id < size) ++text.frequencies[id];
  }
  return text;
}

using Sums = std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t>;

// Every pair of positions, one by one.
Sums plain(const std::vector<std::uint32_t>& ids, const std::vector<std::uint64_t>& weights, bool diagonal) {
  Sums sums;
  for (std::size_t p = 0; p < ids.size(); ++p) {
    if (ids[p] >= kHole) continue;
    for (std::size_t d = 1; d <= weights.size() && p + d < ids.size() && ids[p + d] != kLineEnd; ++d) {
      const std::uint32_t a = std::min(ids[p], ids[p + d]), b = std::max(ids[p], ids[p + d]);
      if (b == kHole || (a == b && !diagonal)) continue;
      sums[{a, b}] += weights[d - 1];
    }
  }
  return sums;
}

Sums sums_of(const words::UpperTriangle& upper) {
  Sums sums;
  for (std::size_t a = 0; a + 1 < upper.row_start.size(); ++a) {
    for (auto k = static_cast<std::size_t>(upper.row_start[a]); k < static_cast<std::size_t>(upper.row_start[a + 1]); ++k) {
      sums[{static_cast<std::uint32_t>(a), upper.column[k]}] = upper.value[k];
    }
  }
  return sums;
}

words::UpperView view_of(const words::UpperTriangle& upper) { return {upper.row_start, upper.column, upper.value}; }

}  // namespace

TEST(pairs_equal_a_plain_counter_also_with_wide_positions_and_on_disk) {
  for (const std::uint32_t size : {1U, 30U, 2000U, 100000U}) {
    for (const std::size_t window : {std::size_t{1}, std::size_t{10}, std::size_t{16}, std::size_t{19}, std::size_t{35}}) {
      for (const bool flat : {true, false}) {
        const Text text = random_text(4000, size, static_cast<unsigned>(size + window));
        std::vector<std::uint64_t> weights(window, 3);
        if (!flat) {
          for (std::size_t d = 0; d < window; ++d) weights[d] = (std::uint64_t{1} << 33) / (d + 1);
        }
        const Sums right = plain(text.ids, weights, flat);
        Control one, two;
        CHECK(sums_of(words::count_pairs(text.ids, text.frequencies, weights, flat, 2, 1U << 30, "/tmp", one)) == right);
        CHECK(sums_of(words::count_pairs_wide(text.ids, text.frequencies, weights, flat, 3, 0, "/tmp", two)) == right);
      }
    }
  }
}

TEST(pairs_refuse_frequencies_that_are_not_those_of_the_ids) {
  const std::vector<std::uint32_t> ids{0, 1, 0};
  const std::vector<std::uint64_t> wrong{1, 1}, weights{1};
  Control control;
  bool refused = false;
  try {
    words::count_pairs(ids, wrong, weights, true, 1, 1U << 30, "/tmp", control);
  } catch (const Error& error) {
    refused = error.kind() == ErrorKind::value;
  }
  CHECK(refused);
}

TEST(merge_sums_permutes_and_drops) {
  const Text text = random_text(3000, 40, 7);
  const std::vector<std::uint64_t> weights{1, 1, 1};
  Control control;
  const auto upper = words::count_pairs(text.ids, text.frequencies, weights, true, 1, 1U << 30, "/tmp", control);
  std::vector<std::uint32_t> same(40), back(40);
  for (std::uint32_t a = 0; a < 40; ++a) same[a] = a, back[a] = a % 5 == 0 ? words::kDropped : 39 - a;
  const std::vector<words::Mapped> parts{{view_of(upper), same}, {view_of(upper), back}};
  Sums right = sums_of(upper);
  for (const auto& [pair, value] : sums_of(upper)) {
    const std::uint32_t a = back[pair.first], b = back[pair.second];
    if (a != words::kDropped && b != words::kDropped) right[{std::min(a, b), std::max(a, b)}] += value;
  }
  CHECK(sums_of(words::merge_upper(parts, 40, control)) == right);
}

TEST(expand_is_symmetric_and_sorted_for_any_threads) {
  const Text text = random_text(20000, 1500, 9);
  const std::vector<std::uint64_t> weights{1, 1, 1, 1};
  Control control;
  const auto upper = words::count_pairs(text.ids, text.frequencies, weights, true, 1, 1U << 30, "/tmp", control);
  Sums right;
  for (const auto& [pair, value] : sums_of(upper)) right[pair] = right[{pair.second, pair.first}] = value;
  for (const unsigned threads : {1U, 3U}) {
    const auto full = words::expand<std::uint64_t>(
        upper.row_start, upper.column, threads, control,
        [&](std::uint32_t, std::uint32_t, std::size_t k) { return upper.value[k]; }, [](std::uint64_t) { return true; });
    Sums got;
    bool ascending = true;
    for (std::size_t a = 0; a < 1500; ++a) {
      for (auto k = static_cast<std::size_t>(full.row_start[a]); k < static_cast<std::size_t>(full.row_start[a + 1]); ++k) {
        got[{static_cast<std::uint32_t>(a), full.column[k]}] = full.value[k];
        if (k > static_cast<std::size_t>(full.row_start[a])) ascending &= full.column[k - 1] < full.column[k];
      }
    }
    CHECK(ascending);
    CHECK(got == right);
  }
}
