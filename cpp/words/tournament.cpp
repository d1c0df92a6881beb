#include "words/tournament.hpp"

#include <numeric>

namespace stochos::words {
namespace {

// Round r: rounds 0..n-2 pair each stripe with one other (the circle method), round n-1 pairs each with
// itself.
Round round_pairs(std::uint32_t n, std::uint32_t r) {
  Round pairs;
  if (r == n - 1) {
    for (std::uint32_t s = 0; s < n; ++s) pairs.emplace_back(s, s);
    return pairs;
  }
  const std::uint32_t m = n - 1;
  pairs.emplace_back(r, m);
  for (std::uint32_t k = 1; k < n / 2; ++k) pairs.emplace_back((r + k) % m, (r + m - k) % m);
  return pairs;
}

}  // namespace

std::vector<Round> tournament(std::uint32_t n, random::Key key, std::uint32_t epoch) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  for (std::uint32_t k = n - 1; k > 0; --k) {  // shuffled anew each epoch (Fisher-Yates)
    // Records count from 0 upward; the shuffle's draws take the top of the counter range.
    const random::Block bits = random::draw(key, ~std::uint64_t{k}, epoch);
    std::swap(order[k], order[random::below(bits[0], k + 1)]);
  }
  std::vector<Round> rounds;
  for (const std::uint32_t r : order) rounds.push_back(round_pairs(n, r));
  return rounds;
}

}  // namespace stochos::words
