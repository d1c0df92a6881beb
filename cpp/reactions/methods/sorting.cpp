#include "reactions/methods/sorting.hpp"

#include <algorithm>
#include <utility>

#include "reactions/methods/loop.hpp"

namespace stochos::reactions {
namespace {
constexpr std::uint32_t kAge = 1U << 16;  // events after which a firing counts half
}

Sorting::Sorting(const Network& network, random::Key key)
    : network_(network),
      draws_(key),
      count_(static_cast<std::uint32_t>(network.reactions())),
      propensity_(count_),
      reaction_(count_),
      place_(count_),
      fired_(count_),
      at_(count_),
      number_(count_),
      missing_(count_),
      seen_(network.species()),
      start_(network.species() + 1, 0),
      listed_(network.species()) {
  for (std::uint32_t s = 0; s < network.species(); ++s) start_[s + 1] = start_[s] + network.readers(s).size();
  readers_.resize(start_.back());
}

// Each trajectory starts from the same order, with all asleep: it must not depend on those before it.
void Sorting::begin(const double* x, double* registers, std::uint64_t record) {
  draws_.begin(record);
  for (std::uint32_t place = 0; place < awake_; ++place) propensity_.put(place, 0);
  propensity_.sum_up();
  awake_ = 0;
  age_ = 0;
  std::fill(seen_.begin(), seen_.end(), std::uint8_t{0});
  std::fill(listed_.begin(), listed_.end(), 0U);
  for (std::uint32_t s = 0; s < network_.species(); ++s) seen_[s] = x[s] != 0 ? 1 : 0;
  for (std::uint32_t r = 0; r < count_; ++r) {
    missing_[r] = 0;
    if (network_.is_quick(r)) {
      for (const std::uint32_t s : network_.law_reads(r)) {
        if (seen_[s] == 0) ++missing_[r];
      }
    }
    if (missing_[r] == 0) wake(r);
  }
  refresh(x, registers, 0);
}

void Sorting::refresh(const double* x, double* registers, double) {
  for (std::uint32_t s = 0; s < network_.species(); ++s)
    if (seen_[s] == 0 && x[s] != 0) see(s);
  for (std::uint32_t i = 0; i < awake_; ++i)
    propensity_.put(place_[i], network_.propensity(reaction_[i], x, registers));
  propensity_.sum_up();
}

// To the last place.
void Sorting::wake(std::uint32_t reaction) noexcept {
  const std::uint32_t number = awake_++;
  number_[reaction] = number;
  reaction_[number] = reaction;
  place_[number] = at_[number] = number;
  fired_[number] = 0;
  propensity_.use(awake_);
  if (!network_.is_quick(reaction)) return;
  const QuickLaw& law = network_.quick_law(reaction);
  for (const std::uint32_t s : network_.law_reads(reaction))
    readers_[start_[s] + listed_[s]++] = {law.c, static_cast<float>(law.less), law.first, law.second, number};
}

void Sorting::see(std::uint32_t species) noexcept {
  seen_[species] = 1;
  for (const std::uint32_t r : network_.readers(species))
    if (network_.is_quick(r) && --missing_[r] == 0) wake(r);
}

double Sorting::next(double now) {
  const double total = propensity_.total();
  if (!(total > 0 && total <= kMostTotal)) [[unlikely]]
    return no_reaction(total, now);
  const Draws::Pair pair = draws_.next();
  uniform_ = pair.uniform;
  return now + pair.exponential / total;
}

std::uint32_t Sorting::fire(double* x, double* registers, double) {
  const std::uint32_t place = propensity_.select(uniform_ * propensity_.total()), number = at_[place];
  const std::uint32_t reaction = reaction_[number];
  ++fired_[number];
  if (place > 0) {
    const std::uint32_t front = place - 1, other = at_[front];
    // Only past what is clearly slower: a search saves less than a move costs, and neighbours in the network,
    // which change together, should stay in one group.
    if (fired_[number] > 2 * fired_[other] + 16) {
      const double a = propensity_[place];
      propensity_.put(place, propensity_[front]);
      propensity_.put(front, a);
      std::swap(at_[place], at_[front]);
      place_[other] = place;
      place_[number] = front;
    }
  }
  if (++age_ == kAge) [[unlikely]] {  // bounds the counts, and what was long ago counts less and less
    age_ = 0;
    for (std::uint32_t i = 0; i < awake_; ++i) fired_[i] /= 2;
  }
  network_.apply(reaction, x, registers);
  moved(reaction, x, registers, 0);
  return reaction;
}

void Sorting::moved(std::uint32_t reaction, const double* x, double* registers, double) {
  const std::span<const Change> changes = network_.changes(reaction);
  for (const Change& change : changes)
    if (seen_[change.species] == 0 && x[change.species] != 0) [[unlikely]]
      see(change.species);
  const std::uint32_t* const place = place_.data();
  for (const Change& change : changes) {
    const Reader* reader = readers_.data() + start_[change.species];
    const Reader* const end = reader + listed_[change.species];
    computed_ += static_cast<std::uint64_t>(end - reader);
    for (; reader != end; ++reader)
      propensity_.put(place[reader->number],
                      reader->c * x[reader->first] * (x[reader->second] - static_cast<double>(reader->less)));
  }
  computed_ += network_.slow_dependents(reaction).size();
  for (const std::uint32_t j : network_.slow_dependents(reaction))
    propensity_.put(place_[number_[j]], network_.slow(j, x, registers));
  propensity_.sum_up();
}

std::unique_ptr<Runner> make_sorting(const Network& network, const Plan& plan, random::Key key) {
  return std::make_unique<LoopRunner<Sorting>>(network, plan, key);
}

}  // namespace stochos::reactions
