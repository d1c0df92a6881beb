// Laws between bounds where nearly nothing of them lies: they end, and stay within.
#include <array>
#include <cmath>
#include <limits>

#include "check.hpp"
#include "expr/draw.hpp"
#include "random/distributions_law.hpp"

using namespace stochos::random;
using stochos::expr::Op;
using stochos::expr::takes_arguments;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double one(Law law, std::array<double, 2> a, double lower, double upper, std::uint64_t record) {
  Source source(stream_key(7, Purpose::trajectory), record, kFirstDraw);
  return draw_law_between(source, law, std::span<const double>(a).first(form_of(law).parameters), lower,
                          upper);
}

}  // namespace

TEST(draws_far_out_end_and_stay_within_their_bounds) {
  struct Case {
    Law law;
    std::array<double, 2> a;
    double lower, upper;
  };
  for (const Case& c :
       {Case{Law::normal, {0, 1}, 40, kInfinity}, Case{Law::normal, {0, 1}, -1e8, -9e7},
        Case{Law::normal, {1, 1e-300}, 2, 3}, Case{Law::normal, {0, 1}, 0.1, 0.1 + 1e-12},
        Case{Law::gamma, {3, 1}, 700, kInfinity}, Case{Law::gamma, {1e5, 1}, 0, 9e4},
        Case{Law::gamma, {1e5, 1}, 2e5, 3e5}, Case{Law::gamma, {0.01, 1}, 20, 21},
        Case{Law::chisquare, {5, 0}, 1e-12, 1e-11}, Case{Law::poisson, {1, 0}, 100, kInfinity},
        Case{Law::poisson, {1e6, 0}, 0, 9e5}, Case{Law::binomial, {1e6, 0.5}, 0, 1},
        Case{Law::exponential, {1, 0}, 1e4, 1e4 + 1}, Case{Law::laplace, {0, 1}, -900, -800},
        Case{Law::cauchy, {0, 1}, 1e200, kInfinity}, Case{Law::rayleigh, {1, 0}, 50, kInfinity},
        Case{Law::lognormal, {0, 0.1}, 1e-9, 1e-8}, Case{Law::weibull, {3, 1}, 20, 21}}) {
    bool ok = true;
    for (std::uint64_t i = 0; i < 40; ++i) {
      const double x = one(c.law, c.a, c.lower, c.upper, i);
      ok = ok && x >= c.lower && x <= c.upper && std::isfinite(x);
    }
    CHECK(ok);
  }
}

TEST(laws_that_do_not_exist_are_no_numbers) {
  Source source(stream_key(7, Purpose::trajectory), 0);
  const std::array<double, 2> wrong = {-1, -1};
  for (int law = 0; law < static_cast<int>(Law::count); ++law) {
    const Law which = static_cast<Law>(law);
    if (which == Law::uniform) continue;
    CHECK(std::isnan(draw_law(source, which, std::span(wrong).first(form_of(which).parameters))));
  }
  CHECK(std::isnan(one(Law::normal, {0, 1}, 1, 0, 0)));
  CHECK(std::isnan(one(Law::normal, {0, 1}, kInfinity, kInfinity, 0)));
  CHECK(std::isnan(one(Law::exponential, {1, 0}, -2, -1, 0)));
  CHECK(std::isnan(one(Law::binomial, {10, 0.5}, 10.5, 20, 0)));
  CHECK(one(Law::normal, {0, 1}, 2, 2, 0) == 2);
}

TEST(draws_take_all_parameters_and_both_bounds_or_none) {
  CHECK(takes_arguments(Op::draw_normal, 2) && takes_arguments(Op::draw_normal, 4));
  CHECK(!takes_arguments(Op::draw_normal, 3) && !takes_arguments(Op::draw_normal, 1));
  CHECK(takes_arguments(Op::draw_cauchy, 1) && !takes_arguments(Op::draw_exponential, 2));
  CHECK(!takes_arguments(Op::draw_uniform, 4));
}
