#include "reactions/thinning.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.hpp"

namespace stochos::reactions {
namespace {

constexpr std::uint64_t kFirstBlock = std::uint64_t{1} << 62;
constexpr int kMostAtOnce = 256;      // windows and candidates before the loop may look around
constexpr double kLoose = 1.5;        // a bound up to this times the laws is good
constexpr double kFewCandidates = 1;  // so many candidates in a window may be wasted

}  // namespace

Thinning::Thinning(const Network& network, const Flow& flow, random::Key key)
    : network_(network),
      flow_(flow),
      key_(key),
      bound_(network.timed().size(), 0.0),
      value_(network.timed().size(), 0.0) {
  if (bound_.empty()) return;
  slots_.resize(network.slots());
  registers_.resize(network.registers());
}

void Thinning::begin(std::uint64_t record) {
  source_ = random::Source(key_, record, kFirstBlock);
  open_ = false;
  wish_ = 0;
}

void Thinning::fail(std::size_t at, double value, double time, const char* why) const {
  const std::uint32_t r = network_.timed()[at].reaction;
  std::ostringstream text;
  text.precision(15);
  text << "reaction " << network_.reaction_name(r) << " has the propensity " << value << " at time " << time
       << " by its law '" << network_.text().law[r] << "' and " << why;
  throw Error(ErrorKind::value, "reactions.simulate", text.str());
}

// A window from `from` on, as long as the bound stays close to the laws or few candidates are to be expected.
void Thinning::open(double* x, double* registers, double from, double next) {
  const auto& timed = network_.timed();
  flow_.set(x, registers, from);
  double now = 0;
  for (std::size_t j = 0; j < timed.size(); ++j) {
    value_[j] = network_.timed_propensity(timed[j], x, registers);
    now += value_[j];
  }
  if (wish_ == 0) wish_ = now > 0 ? 2 / now : 1;
  // Behind the end of the step of the variables, or the next reaction, another window begins anyway.
  const double most = std::min(flow_.reach(), next), shortest = std::nextafter(from, kNever);
  for (bool shrunk = false;; shrunk = true) {
    end_ = std::max(std::min(from + wish_, most), shortest);
    flow_.box(x, from, end_, slots_.data(), registers_.data());
    double least = 0;
    total_ = 0;
    for (std::size_t j = 0; j < timed.size(); ++j) {
      bound_[j] = 0;
      if (!network_.may_fire(timed[j].reaction, x)) continue;
      const expr::Interval law = expr::enclose(timed[j].law.program(), slots_.data(), registers_.data());
      bound_[j] = std::max(law.high, 0.0);
      least += std::max(law.low, 0.0);
      total_ += bound_[j];
    }
    const double length = end_ - from;
    const bool finite = total_ <= std::numeric_limits<double>::max();
    if (finite && (total_ * length <= kFewCandidates || total_ <= kLoose * std::max(least, now))) {
      if (!shrunk && from + wish_ <= most) wish_ = std::min(2 * wish_, 1e100);
      break;
    }
    if (end_ == shortest) {
      if (finite) break;
      std::size_t at = 0;
      while (at + 1 < bound_.size() && bound_[at] <= std::numeric_limits<double>::max()) ++at;
      fail(at, value_[at], from, "no finite bound just after it; a propensity may not grow without end");
    }
    wish_ = length / 2;
  }
  open_ = true;
  candidate_ = from;
  draw();
}

void Thinning::draw() {
  if (!(total_ > 0)) {
    candidate_ = kNever;
    return;
  }
  candidate_ += source_.exponential() / total_;
  height_ = source_.uniform() * total_;
}

bool Thinning::taken(double* x, double* registers) {
  double rest = height_;
  std::size_t j = 0;
  for (; j < bound_.size(); ++j) {
    if (rest < bound_[j]) break;
    rest -= bound_[j];
  }
  if (j == bound_.size()) return false;  // the last rounding of the sum: no law reaches so high
  flow_.set(x, registers, candidate_);
  const double law = network_.timed_propensity(network_.timed()[j], x, registers);
  if (law > bound_[j])
    fail(j, law, candidate_, "a lower bound by interval arithmetic, which is a fault of Stochos");
  chosen_ = j;
  return rest < law;
}

double Thinning::next(double* x, double* registers, double now, double next, double& until) {
  if (bound_.empty() || !(until > now)) return kNever;
  double done = now;  // nothing is taken up to here
  for (int work = 0; work < kMostAtOnce; ++work) {
    if (!open_) {
      open(x, registers, now, next);
    } else if (candidate_ > end_) {
      if (end_ >= until) return kNever;
      done = end_;
      open(x, registers, end_, next);
    } else if (candidate_ > until) {
      return kNever;
    } else {
      done = candidate_;
      const bool is_taken = taken(x, registers);
      draw();
      if (is_taken) return done;
    }
  }
  until = done;
  return kNever;
}

}  // namespace stochos::reactions
