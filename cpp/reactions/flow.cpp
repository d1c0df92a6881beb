#include "reactions/flow.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "base/error.hpp"

namespace stochos::reactions {
namespace {

using expr::Interval;

constexpr double kTolerance = 1e-10;  // error of a step, relative to a variable's size
constexpr double kSmall = 1e-3;       // a size below this part of the largest so far counts as it
constexpr double kJump = 1e-9;        // shortest step towards a jump of a rate, of the longest step so far

constexpr double kNodes[] = {0, 0.2, 0.3, 0.8, 8.0 / 9, 1, 1};
constexpr double kTableau[6][6] = {{1.0 / 5},
                                   {3.0 / 40, 9.0 / 40},
                                   {44.0 / 45, -56.0 / 15, 32.0 / 9},
                                   {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
                                   {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
                                   {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
constexpr double kError[] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                             -17253.0 / 339200, 22.0 / 525, -1.0 / 40};
constexpr double kDense[] = {-12715105075.0 / 11282082432.0,  0,
                             87487479700.0 / 32700410799.0,   -10690763975.0 / 1880347072.0,
                             701980252875.0 / 199316789632.0, -1453857185.0 / 822651844.0,
                             69997945.0 / 29380423.0};

double value_at(const double* c, double u) {
  return c[0] + u * (c[1] + u * (c[2] + u * (c[3] + u * c[4])));
}

// The polynomial over [u, v] lies between the least and the greatest of its Bernstein coefficients there; see
// R. T. Farouki, Comput. Aided Geom. Des. 29 (2012). The margin covers the rounding of both evaluations,
// which is relative to the terms at the far end: a long step may begin with a short window.
Interval range(const double* c, double u, double v) {
  std::array<double, 5> t{c[0], c[1], c[2], c[3], c[4]};
  for (std::size_t i = 0; i < 4; ++i)  // around u
    for (std::size_t j = 4; j-- > i;) t[j] += u * t[j + 1];
  const double w = v - u;
  double power = 1, far = 1, margin = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    margin += std::fabs(c[i]) * far;
    far *= v;
    t[i] *= power;
    power *= w;
  }
  const double b[] = {t[0], t[0] + t[1] / 4, t[0] + t[1] / 2 + t[2] / 6,
                      t[0] + t[1] * 0.75 + t[2] / 2 + t[3] / 4, t[0] + t[1] + t[2] + t[3] + t[4]};
  const auto [low, high] = std::minmax_element(std::begin(b), std::end(b));
  return {*low - margin * 1e-14, *high + margin * 1e-14};
}

bool steps(expr::Op op) {
  using expr::Op;
  return (op >= Op::lt && op <= Op::or_) || op == Op::not_ || op == Op::floor || op == Op::ceil ||
         op == Op::round || op == Op::sign || op == Op::heaviside;
}

bool has_steps(const Formula& formula) {
  const auto list = formula.program().instructions();
  return std::any_of(list.begin(), list.end(), [](const expr::Instruction& i) { return steps(i.op); });
}

}  // namespace

Flow::Flow(const Network& network) : network_(network), rates_(network.rates().size()) {
  y_.resize(rates_);
  end_.resize(rates_);
  size_.resize(rates_);
  stage_.resize(rates_ * kStages);
  terms_.resize(rates_ * kTerms);
  if (rates_ == 0) return;
  box_.resize(network.slots());
  box_registers_.resize(network.registers());
  for (const Formula& rate : network.rates()) may_jump_ = may_jump_ || has_steps(rate);
  for (const std::uint32_t a : network.moving_rules()) may_jump_ = may_jump_ || has_steps(network.rule(a));
}

void Flow::begin(double* x, double* registers, double now) {
  wish_ = longest_ = 0;
  std::fill(size_.begin(), size_.end(), 0.0);
  if (rates_ > 0) restart(x, registers, now);
}

void Flow::restart(double* x, double* registers, double now) {
  if (rates_ == 0) return;
  start_ = now;
  crossings_ = 0;
  for (std::size_t i = 0; i < rates_; ++i) y_[i] = x[network_.rate_slots()[i]];
  derivative(x, registers, now, y_.data(), stage_.data());
  integrate(x, registers);
  set(x, registers, now);
}

void Flow::step(double* x, double* registers) {
  if (rates_ == 0) return;
  start_ += length_;
  y_ = end_;
  // The last stage is the derivative at the end.
  std::copy_n(stage_.data() + 6 * rates_, rates_, stage_.data());
  integrate(x, registers);
}

void Flow::set(double* x, double* registers, double time) const {
  x[network_.time_slot()] = time;
  if (rates_ > 0) {
    const double u = (time - start_) / length_;
    for (std::size_t i = 0; i < rates_; ++i)
      x[network_.rate_slots()[i]] = value_at(terms_.data() + i * kTerms, u);
  }
  network_.assign_moving(x, registers);
}

void Flow::box(const double* x, double from, double to, Interval* slots, Interval* registers,
               bool* jumps) const {
  for (const std::uint32_t slot : network_.still_reads()) slots[slot] = Interval::point(x[slot]);
  slots[network_.time_slot()] = {from, to};
  for (std::size_t i = 0; i < rates_; ++i)
    slots[network_.rate_slots()[i]] =
        range(terms_.data() + i * kTerms, (from - start_) / length_, (to - start_) / length_);
  for (const std::uint32_t a : network_.moving_rules())
    slots[network_.rule_slot(a)] = expr::enclose(network_.rule(a).program(), slots, registers, jumps);
}

void Flow::derivative(double* x, double* registers, double time, const double* y, double* out) const {
  x[network_.time_slot()] = time;
  for (std::size_t i = 0; i < rates_; ++i) x[network_.rate_slots()[i]] = y[i];
  network_.assign_moving(x, registers);
  for (std::size_t i = 0; i < rates_; ++i) out[i] = network_.rates()[i].run(x, registers);
}

void Flow::fail(double time) const {
  std::size_t at = 0;
  while (at + 1 < rates_ && std::isfinite(stage_[at])) ++at;
  std::ostringstream text;
  text.precision(15);
  text << "'" << network_.slot_name(network_.rate_slots()[at]) << "' cannot be followed beyond time " << time
       << ", where it is " << y_[at] << " and its rate is " << stage_[at] << " by '"
       << network_.text().rates[at].second << "'; a rate is finite, and does not grow without end";
  throw Error(ErrorKind::value, "reactions.simulate", text.str());
}

// One step of length length_ from y_ at start_: end_, terms_, and the error in units of what is allowed.
double Flow::attempt(double* x, double* registers) {
  const double h = length_;
  for (std::size_t s = 1; s < kStages; ++s) {
    for (std::size_t i = 0; i < rates_; ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < s; ++k) sum += kTableau[s - 1][k] * stage_[k * rates_ + i];
      end_[i] = y_[i] + h * sum;
    }
    derivative(x, registers, start_ + kNodes[s] * h, end_.data(), stage_.data() + s * rates_);
  }
  double worst = 0;
  for (std::size_t i = 0; i < rates_; ++i) {
    const auto k = [&](std::size_t s) { return stage_[s * rates_ + i]; };
    double error = 0, dense = 0;
    for (std::size_t s = 0; s < kStages; ++s) {
      error += kError[s] * k(s);
      dense += kDense[s] * k(s);
    }
    const double own = std::max(std::fabs(y_[i]), std::fabs(end_[i]));
    const double allowed = kTolerance * std::max(own, kSmall * size_[i]);
    error = std::fabs(h * error);
    // A difference of numbers is no better than their last place.
    const double rounding = 4e-16 * own;
    if (!std::isfinite(error) || !std::isfinite(end_[i])) return kNever;
    if (error > rounding) worst = std::max(worst, error / std::max(allowed, 1e-300));
    const double r2 = end_[i] - y_[i], r3 = h * k(0) - r2, r4 = r2 - h * k(6) - r3, r5 = h * dense;
    double* c = terms_.data() + i * kTerms;
    c[0] = y_[i];
    c[1] = r2 + r3;
    c[2] = r4 + r5 - r3;
    c[3] = -r4 - 2 * r5;
    c[4] = r5;
  }
  return worst;
}

// May a comparison or a step in a rate go both ways within the step?
bool Flow::jumps_within(const double* x) {
  bool found = false;
  box(x, start_, start_ + length_, box_.data(), box_registers_.data(), &found);
  for (const Formula& rate : network_.rates())
    expr::enclose(rate.program(), box_.data(), box_registers_.data(), &found);
  return found;
}

void Flow::integrate(double* x, double* registers) {
  double fastest = 0;
  for (std::size_t i = 0; i < rates_; ++i) {
    if (!std::isfinite(stage_[i])) fail(start_);
    size_[i] = std::max(size_[i], std::fabs(y_[i]));
    fastest = std::max(fastest, std::fabs(stage_[i]) / (size_[i] > 0 ? size_[i] : 1.0));
  }
  if (wish_ == 0) wish_ = longest_ = fastest > 0 ? 0.01 / fastest : 1;
  for (double refused = kNever;;) {
    length_ = std::min(wish_, 1e100);
    length_ = (start_ + length_) - start_;  // so that the end of the step is a double
    if (!(length_ > 0 && length_ < refused)) fail(start_);
    const double error = attempt(x, registers);
    const double factor = error == 0 ? 10 : std::clamp(0.9 * std::pow(error, -0.2), 0.2, 10.0);
    if (!(error <= 1)) {
      refused = length_;
      wish_ = length_ * std::min(factor, 0.9);
      continue;
    }
    if (may_jump_ && jumps_within(x)) {
      const double least = kJump * std::pow(8, crossings_) * std::max(longest_, std::fabs(start_) * 1e-3);
      if (length_ > least) {
        wish_ = length_ / 2;
        continue;
      }
      ++crossings_;
    } else {
      crossings_ = 0;
    }
    wish_ = length_ * factor;
    longest_ = std::max(longest_, length_);
    return;
  }
}

}  // namespace stochos::reactions
