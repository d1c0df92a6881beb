#include "reactions/methods/leap.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "base/error.hpp"

namespace stochos::reactions {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kCritical = 10;   // firings that use up a reactant, below which a reaction is critical
constexpr double kLarge = 100;     // amounts from which the hybrid lets a reaction be fast
constexpr double kBalance = 0.05;  // difference of two opposite propensities that count as balanced
constexpr std::uint64_t kLeastExact = 100, kMostExact = 6400;  // exact steps before a leap is tried again
constexpr std::size_t kMostUnknowns = 500;

[[noreturn]] void refuse(const std::string& text) {
  throw Error(ErrorKind::value, "reactions.simulate", text);
}

}  // namespace

LeapRunner::LeapRunner(const Network& network, const Plan& plan, random::Key key, Leap kind)
    : network_(network),
      plan_(plan),
      key_(key),
      kind_(kind),
      x_(network.slots()),
      next_(network.slots()),
      registers_(network.registers()),
      a_(network.reactions()),
      b_(network.reactions()),
      k_(network.reactions()),
      drift_(network.species()),
      spread_(network.species()),
      slow_(network.reactions()) {
  if (!network.events().empty() || network.has_delays() || network.moves() || network.rules_read_time())
    refuse(
        "approximate methods take no events, no delays and nothing that moves with the time; take an exact "
        "method");
  least_ = std::max(10.0, 2.0 * static_cast<double>(network.reactions()));
  find_orders();
  find_pairs();
  if (kind == Leap::implicit) {
    if (network.species() > kMostUnknowns)
      refuse("the implicit method solves for all species at once, at most " + std::to_string(kMostUnknowns) +
             "; the network has " + std::to_string(network.species()));
    matrix_.resize(network.species() * network.species());
    right_.resize(network.species());
  }
}

void LeapRunner::find_orders() {
  const NetworkText& t = network_.text();
  order_.assign(network_.species(), 0);
  same_.assign(network_.species(), 0);
  for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
    std::map<std::uint32_t, std::uint32_t> counts;
    std::uint32_t order = 0;
    for (auto i = static_cast<std::size_t>(t.reactant_start[r]);
         i < static_cast<std::size_t>(t.reactant_start[r + 1]); ++i) {
      counts[t.reactant_species[i]] += t.reactant_count[i];
      order += t.reactant_count[i];
    }
    if (!network_.is_mass_action(r)) order = std::max(order, 2U);
    for (const std::uint32_t s : network_.law_reads(r)) {
      const std::uint32_t same = std::max(counts[s], 1U);
      if (order > order_[s]) {
        order_[s] = order;
        same_[s] = same;
      } else if (order == order_[s]) {
        same_[s] = std::max(same_[s], same);
      }
    }
  }
}

void LeapRunner::find_pairs() {
  reverse_.assign(network_.reactions(), kNoReaction);
  if (kind_ != Leap::implicit) return;
  std::map<std::vector<std::pair<std::uint32_t, double>>, std::uint32_t> known;
  for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
    std::vector<std::pair<std::uint32_t, double>> change, back;
    for (const Change& c : network_.changes(r)) change.emplace_back(c.species, c.delta);
    std::sort(change.begin(), change.end());
    for (const auto& [s, delta] : change) back.emplace_back(s, -delta);
    const auto found = known.find(back);
    if (found != known.end() && reverse_[found->second] == kNoReaction) {
      reverse_[r] = found->second;
      reverse_[found->second] = r;
    }
    known.emplace(std::move(change), r);
  }
}

void LeapRunner::renew_all() {
  for (std::uint32_t r = 0; r < network_.reactions(); ++r)
    a_[r] = network_.propensity(r, x_.data(), registers_.data());
}

double LeapRunner::sum() const noexcept {
  double total = 0;
  for (const double a : a_) total += a;
  return total;
}

// How far the amount may be expected to move: epsilon x / g, at least 1.
double LeapRunner::bound(std::uint32_t s) const noexcept {
  const double x = x_[s];
  double g = order_[s];
  if (same_[s] == 2 && x > 1) g = order_[s] / 2.0 * (2 + 1 / (x - 1));
  if (same_[s] >= 3 && x > 2) g = order_[s] / 3.0 * (3 + 1 / (x - 1) + 2 / (x - 2));
  return std::max(plan_.epsilon * x / g, 1.0);
}

void LeapRunner::find_critical() {
  for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
    slow_[r] = 0;
    if (!(a_[r] > 0)) continue;
    for (const Change& change : network_.changes(r))
      if (change.delta < 0 && std::floor(x_[change.species] / -change.delta) < kCritical) slow_[r] = 1;
  }
}

// The longest leap of the reactions that are not critical.
double LeapRunner::longest_leap() {
  std::fill(drift_.begin(), drift_.end(), 0.0);
  std::fill(spread_.begin(), spread_.end(), 0.0);
  for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
    if (slow_[r] != 0 || !(a_[r] > 0)) continue;
    if (reverse_[r] != kNoReaction) {  // what goes back and forth in balance holds no implicit leap up
      const double back = a_[reverse_[r]];
      if (std::abs(a_[r] - back) <= kBalance * std::min(a_[r], back)) continue;
    }
    for (const Change& change : network_.changes(r)) {
      drift_[change.species] += change.delta * a_[r];
      spread_[change.species] += change.delta * change.delta * a_[r];
    }
  }
  double longest = kNever;
  for (std::uint32_t s = 0; s < network_.species(); ++s) {
    if (order_[s] == 0 || spread_[s] == 0) continue;
    const double most = bound(s);
    longest = std::min({longest, most / std::abs(drift_[s]), most * most / spread_[s]});
  }
  if (kind_ == Leap::hybrid && longest < kNever) {
    for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
      if (slow_[r] != 0 || !(a_[r] > 0)) continue;
      bool fast = a_[r] * longest >= kCritical;
      for (const Change& change : network_.changes(r))
        fast = fast && x_[change.species] >= kLarge * std::abs(change.delta);
      if (!fast) slow_[r] = 1;
    }
  }
  return longest;
}

// next_ = the expected state behind a leap, not below zero.
void LeapRunner::shift(double step) {
  next_ = x_;
  for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
    if (slow_[r] != 0) continue;
    for (const Change& change : network_.changes(r)) next_[change.species] += change.delta * a_[r] * step;
  }
  for (std::size_t s = 0; s < network_.species(); ++s) next_[s] = std::max(next_[s], 0.0);
  if (network_.has_assignments()) network_.assign(next_.data(), registers_.data());
}

bool LeapRunner::draw_firings(double step) {
  const bool middle = kind_ == Leap::midpoint;
  if (middle) shift(step / 2);
  for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
    k_[r] = 0;
    if (slow_[r] != 0) continue;
    const double a = middle ? std::max(network_.propensity(r, next_.data(), registers_.data()), 0.0) : a_[r];
    const double mean = a * step;
    if (!(mean > 0)) continue;
    if (kind_ == Leap::langevin) {
      k_[r] = std::max(std::nearbyint(mean + std::sqrt(mean) * random::normal(source_)), 0.0);
    } else {
      k_[r] = random::poisson(source_, mean);
    }
  }
  return kind_ != Leap::implicit || solve(step);
}

// X = x + sum of changes (k - step a(x) + step a(X)), by Newton's method; then k becomes what X says,
// rounded.
bool LeapRunner::solve(double step) {
  const std::size_t n = network_.species();
  shift(step / 2);
  std::vector<double>& X = next_;
  for (int round = 0; round < 12; ++round) {
    std::fill(matrix_.begin(), matrix_.end(), 0.0);
    for (std::size_t s = 0; s < n; ++s) {
      matrix_[s * n + s] = 1;
      right_[s] = x_[s] - X[s];
    }
    for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
      if (slow_[r] != 0) continue;
      const double b = network_.propensity(r, X.data(), registers_.data());
      const double times = k_[r] + step * (b - a_[r]);
      for (const Change& change : network_.changes(r)) right_[change.species] += change.delta * times;
      for (const std::uint32_t s : network_.law_reads(r)) {
        const double held = X[s], half = std::min(0.5, held);
        X[s] = held + 0.5;
        const double high = network_.propensity(r, X.data(), registers_.data());
        X[s] = held - half;
        const double low = network_.propensity(r, X.data(), registers_.data());
        X[s] = held;
        const double slope = (high - low) / (0.5 + half);
        for (const Change& change : network_.changes(r))
          matrix_[change.species * n + s] -= step * slope * change.delta;
      }
    }
    if (!linear_solve()) return false;
    double largest = 0;
    for (std::size_t s = 0; s < n; ++s) {
      const double before = X[s];
      X[s] = std::max(before + right_[s], 0.0);
      largest = std::max(largest, std::abs(X[s] - before) / (1 + std::abs(X[s])));
    }
    if (network_.has_assignments()) network_.assign(X.data(), registers_.data());
    if (largest > 1e-6) continue;
    for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
      if (slow_[r] != 0) continue;
      const double b = network_.propensity(r, X.data(), registers_.data());
      k_[r] = std::max(std::nearbyint(k_[r] + step * (b - a_[r])), 0.0);
    }
    return true;
  }
  return false;
}

// right_ = matrix_^-1 right_, by elimination with pivots.
bool LeapRunner::linear_solve() {
  const std::size_t n = network_.species();
  double* const m = matrix_.data();
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t pivot = c;
    for (std::size_t i = c + 1; i < n; ++i)
      if (std::abs(m[i * n + c]) > std::abs(m[pivot * n + c])) pivot = i;
    if (!(std::abs(m[pivot * n + c]) > 1e-14)) return false;
    if (pivot != c) {
      std::swap_ranges(m + c * n, m + (c + 1) * n, m + pivot * n);
      std::swap(right_[c], right_[pivot]);
    }
    for (std::size_t i = c + 1; i < n; ++i) {
      const double factor = m[i * n + c] / m[c * n + c];
      if (factor == 0) continue;
      for (std::size_t j = c; j < n; ++j) m[i * n + j] -= factor * m[c * n + j];
      right_[i] -= factor * right_[c];
    }
  }
  for (std::size_t c = n; c-- > 0;) {
    for (std::size_t j = c + 1; j < n; ++j) right_[c] -= m[c * n + j] * right_[j];
    right_[c] /= m[c * n + c];
  }
  return true;
}

// L reactions in a time of the law gamma(L), dealt out to the kinds; those behind the horizon are left out.
// Gives the time; k_ the firings.
double LeapRunner::r_leap(double longest, double horizon, double slow) {
  double fast = 0;
  for (std::uint32_t r = 0; r < network_.reactions(); ++r)
    if (slow_[r] == 0) fast += a_[r];
  double number = std::max(1.0, std::floor(fast * longest)), step = random::gamma(source_, number) / fast;
  const double end = std::min(horizon, slow);
  if (step > end) {
    // The last of the reactions ends the leap, the others lie anywhere in it.
    number = random::binomial(source_, number - 1, end / step);
    step = end;
  }
  for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
    k_[r] = 0;
    if (slow_[r] != 0 || !(a_[r] > 0) || number == 0) continue;
    k_[r] = random::binomial(source_, number, std::clamp(a_[r] / fast, 0.0, 1.0));
    number -= k_[r];
    fast -= a_[r];
  }
  return step;
}

// next_ = the state behind the firings and one reaction more; false if an amount would be below zero.
bool LeapRunner::apply(std::uint32_t extra) {
  next_ = x_;
  for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
    const double k = k_[r] + (r == extra ? 1 : 0);
    if (k == 0) continue;
    for (const Change& change : network_.changes(r)) next_[change.species] += change.delta * k;
  }
  for (std::size_t s = 0; s < network_.species(); ++s)
    if (next_[s] < 0) return false;
  return true;
}

// The first reaction whose sum, over all or over the slow ones, is above the target.
std::uint32_t LeapRunner::choose(double target, bool slow) const noexcept {
  std::uint32_t last = 0;
  double total = 0;
  for (std::uint32_t r = 0; r < network_.reactions(); ++r) {
    if ((slow && slow_[r] == 0) || !(a_[r] > 0)) continue;
    last = r;
    total += a_[r];
    if (target < total) return r;
  }
  return last;
}

Ending LeapRunner::run(std::uint64_t trajectory, Recorder& recorder, const Control& control) {
  if (recorder.wants_events())
    refuse("approximate methods know no single events; keep something else, or take an exact method");
  double* const x = x_.data();
  double* const registers = registers_.data();
  const std::vector<double>& times = plan_.times;
  const auto began = std::chrono::steady_clock::now();
  double now = plan_.start;
  network_.start(now, x, registers);
  random::Source first(key_, trajectory, random::kFirstDraw);
  network_.draw_first(x, registers, first);
  source_ = random::Source(key_, trajectory);
  recorder.begin(trajectory);
  renew_all();
  std::size_t point = 0;
  std::uint64_t events = 0, exact = 0, patience = kLeastExact, work = 0;
  double left = source_.exponential();  // of the hazard of the slow reactions, until one fires
  Status status = Status::done;
  leaps_ = exact_ = 0;
  while (true) {
    if (++work % 256 == 0) {
      if (control.stopped()) return {Status::timeout, events, now, x};
      network_.check_amounts(x, now);
      const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
      if (spent.count() > plan_.timeout) {
        status = Status::timeout;
        break;
      }
    }
    if (work > most_work_) break;
    const double total = sum();
    if (!(total > 0 && total <= kMostTotal)) {
      no_reaction(total, now);
      while (point < times.size()) recorder.point(point++, x);
      status = Status::absorbed;
      now = times.back();
      break;
    }
    if (exact == 0) {
      find_critical();
      double longest = longest_leap();
      if (longest == kNever) longest = times.back() - now;
      if (total * longest < least_) {
        exact = patience;
        patience = std::min(2 * patience, kMostExact);
      } else {
        patience = kLeastExact;
        double slow = 0;
        for (std::uint32_t r = 0; r < network_.reactions(); ++r)
          if (slow_[r] != 0) slow += a_[r];
        const double horizon = times[point] - now, wait = slow > 0 ? left / slow : kNever;
        // Until a leap stays above zero; halves that no longer pay give way to exact steps.
        while (exact == 0) {
          double step = std::min({longest, horizon, wait});
          bool good = true;
          if (kind_ == Leap::r_leap && total > slow) {
            step = r_leap(longest, horizon, wait);
          } else {
            good = draw_firings(step);
          }
          const bool fires = wait <= step;
          const std::uint32_t extra = fires ? choose(source_.uniform() * slow, true) : kNoReaction;
          double fired = fires ? 1 : 0;
          for (const double k : k_) fired += k;
          if (good && fired > static_cast<double>(plan_.max_events - events)) {
            exact = plan_.max_events - events + 1;
          } else if (good && apply(extra)) {
            std::copy_n(next_.begin(), network_.species(), x_.begin());
            if (network_.has_assignments()) network_.assign(x, registers);
            events += static_cast<std::uint64_t>(fired);
            ++leaps_;
            left = fires ? source_.exponential() : left - slow * step;
            now += step;
            if (step >= horizon) {
              now = times[point];
              recorder.point(point++, x);
            }
            renew_all();
            break;
          } else {
            longest = std::min(step, longest) / 2;
            if (total * longest < least_) exact = kLeastExact;
          }
        }
        if (exact == 0) {
          if (point == times.size()) break;
          continue;
        }
      }
    }
    const double next = now + source_.exponential() / total;
    while (point < times.size() && times[point] < next) recorder.point(point++, x);
    if (point == times.size()) {
      now = times.back();
      break;
    }
    if (events == plan_.max_events) {
      status = Status::max_events;
      break;
    }
    now = next;
    const std::uint32_t reaction = choose(source_.uniform() * total, false);
    network_.apply(reaction, x, registers);
    network_.renew(reaction, x, registers, [this](std::uint32_t j, double a) { a_[j] = a; });
    ++events;
    ++exact_;
    --exact;
  }
  network_.check_amounts(x, now);
  const Ending ending{status, events, now, x};
  recorder.end(ending);
  return ending;
}

#define STOCHOS_LEAP(kind)                                                                         \
  std::unique_ptr<Runner> make_##kind(const Network& network, const Plan& plan, random::Key key) { \
    return std::make_unique<LeapRunner>(network, plan, key, Leap::kind);                           \
  }
STOCHOS_LEAP(tau)
STOCHOS_LEAP(midpoint)
STOCHOS_LEAP(implicit)
STOCHOS_LEAP(r_leap)
STOCHOS_LEAP(langevin)
STOCHOS_LEAP(hybrid)
#undef STOCHOS_LEAP

}  // namespace stochos::reactions
