// Intervals hold every value that their arguments can give, and not much more.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "check.hpp"
#include "expr/ast.hpp"
#include "expr/interval.hpp"
#include "expr/program.hpp"

using namespace stochos;
using namespace stochos::expr;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Made {
  explicit Made(const std::string& text) : program(compile(parse(text, "test"), symbols(), "test")) {}
  static Symbols symbols() {
    Symbols made;
    made.slots = {{"a", 0}, {"b", 1}};
    return made;
  }
  double at(double a, double b) const {
    const double slots[] = {a, b};
    std::vector<double> registers(program.register_count());
    return program.run(slots, registers.data());
  }
  Interval over(Interval a, Interval b, bool* jumps = nullptr) const {
    const Interval slots[] = {a, b};
    std::vector<Interval> registers(program.register_count());
    return enclose(program, slots, registers.data(), jumps);
  }
  Program program;
};

const char* const kTexts[] = {"-a",
                              "a + b",
                              "a - b",
                              "a*b",
                              "a*a",
                              "a/b",
                              "a^b",
                              "a^2",
                              "a^3",
                              "a^-1",
                              "a^-2",
                              "a^0",
                              "a^0.5",
                              "2^a",
                              "min(a, b)",
                              "max(a, b)",
                              "abs(a)",
                              "exp(a)",
                              "log(a)",
                              "log10(a)",
                              "log2(a)",
                              "sqrt(a)",
                              "sin(a)",
                              "cos(a)",
                              "tan(a)",
                              "asin(a)",
                              "acos(a)",
                              "atan(a)",
                              "atan2(a, b)",
                              "sinh(a)",
                              "cosh(a)",
                              "tanh(a)",
                              "asinh(a)",
                              "acosh(a)",
                              "atanh(a)",
                              "floor(a)",
                              "ceil(a)",
                              "round(a)",
                              "sign(a)",
                              "heaviside(a)",
                              "factorial(a)",
                              "not (a > 0)",
                              "a > 0 and b > 0",
                              "a > 0 or b > 0",
                              "a < b",
                              "a <= b",
                              "a > b",
                              "a >= b",
                              "a == b",
                              "a != b",
                              "piecewise(a, a > b, b)"};
const double kEnds[] = {-7.5, -2, -1, -0.3, 0, 0.2, 0.46, 1, 1.6, 3, 6.5};

bool inside(double value, double low, double high) {
  return std::fabs(value - low) <= 1e-9 * (1 + std::fabs(low)) ||
         std::fabs(value - high) <= 1e-9 * (1 + std::fabs(high)) || (low <= value && value <= high);
}

}  // namespace

TEST(an_interval_holds_all_values_and_a_point_is_narrow) {
  for (const char* text : kTexts) {
    const Made made(text);
    for (const double low : kEnds) {
      for (const double high : kEnds) {
        if (high < low) continue;
        for (const double other : {-2.0, 0.0, 1.5}) {
          for (const double width : {0.0, 1.0}) {
            const Interval a{low, high}, b{other, other + width};
            const Interval found = made.over(a, b);
            for (int i = 0; i <= 6; ++i) {
              for (int k = 0; k <= 2; ++k) {
                const double value =
                    made.at(std::min(high, low + (high - low) * i / 6), other + width * k / 2);
                const bool held = std::isnan(value) ? found.is_whole() : found.holds(value);
                if (!held)
                  std::fprintf(stderr, "  %s over %g..%g, %g..%g\n", text, low, high, other, other + width);
                CHECK(held);
              }
            }
          }
          // Of one point the interval is its value, but for rounding.
          const double value = made.at(low, other);
          const Interval point = made.over(Interval::point(low), Interval::point(other));
          // Above a negative b atan2 jumps at 0, and says so with the whole circle.
          const bool narrow = point.is_whole() || !std::isfinite(value) ||
                              std::string(text) == "atan2(a, b)" ||
                              point.high - point.low <= 1e-12 * (1 + std::fabs(value));
          if (!narrow)
            std::fprintf(stderr, "  %s at %g, %g: %g..%g\n", text, low, other, point.low, point.high);
          CHECK(narrow);
        }
      }
    }
  }
}

// Ends that are known: an interval that is merely everything would hold all values too.
TEST(intervals_end_where_the_values_do) {
  const struct {
    const char* text;
    Interval a, b, wanted;
  } cases[] = {
      {"a + b", {1, 2}, {3, 5}, {4, 7}},
      {"a - b", {1, 2}, {3, 5}, {-4, -1}},
      {"a*b", {-1, 2}, {-3, 5}, {-6, 10}},
      {"a*a", {-2, 1}, {0, 0}, {0, 4}},
      {"a/b", {1, 2}, {4, 8}, {0.125, 0.5}},
      {"a/b", {1, 2}, {-8, -4}, {-0.5, -0.125}},
      {"a^2", {-3, 2}, {0, 0}, {0, 9}},
      {"a^3", {-3, 2}, {0, 0}, {-27, 18}},
      {"a^-2", {1, 2}, {0, 0}, {0.25, 1}},
      {"a^-2", {-2, -1}, {0, 0}, {0.25, 1}},
      {"a^-2", {-2, 0.5}, {0, 0}, {0.25, kInfinity}},
      {"a^b", {2, 3}, {0.5, 1.5}, {std::sqrt(2.0), 3 * std::sqrt(3.0)}},
      {"a^b", {0.25, 4}, {-0.5, 0.5}, {0.5, 2}},
      {"a^b", {0, 2}, {0, 0.5}, {0, std::sqrt(2.0)}},
      {"sin(a)", {0, 2}, {0, 0}, {0, 1}},
      {"sin(a)", {4, 5}, {0, 0}, {-1, std::sin(4.0)}},
      {"cos(a)", {-1, 1}, {0, 0}, {std::cos(1.0), 1}},
      {"cos(a)", {3, 4}, {0, 0}, {-1, std::cos(4.0)}},
      {"tan(a)", {-1, 1}, {0, 0}, {-std::tan(1.0), std::tan(1.0)}},
      {"cosh(a)", {-2, 1}, {0, 0}, {1, std::cosh(2.0)}},
      {"factorial(a)", {0, 1}, {0, 0}, {0.8856031944108, 1}},
      {"factorial(a)", {3, 4}, {0, 0}, {6, 24}},
      {"atan2(a, b)", {1, 2}, {1, 2}, {std::atan2(1.0, 2.0), std::atan2(2.0, 1.0)}},
      {"atan2(a, b)", {-1, 1}, {-2, -1}, {-3.14159265358979, 3.14159265358979}},
      {"sqrt(a)", {4, 9}, {0, 0}, {2, 3}},
      {"log(a)", {1, 10}, {0, 0}, {0, std::log(10.0)}},
      {"abs(a)", {-3, 2}, {0, 0}, {0, 3}},
      {"abs(a)", {-3, -2}, {0, 0}, {2, 3}},
      {"asin(a)", {-1, 1}, {0, 0}, {std::asin(-1.0), std::asin(1.0)}},
      {"acosh(a)", {1, 2}, {0, 0}, {0, std::acosh(2.0)}},
      {"floor(a)", {0.5, 2.5}, {0, 0}, {0, 2}},
      {"a < b", {0, 1}, {1, 2}, {0, 1}},
      {"a < b", {0, 1}, {2, 3}, {1, 1}},
      {"a < b", {2, 3}, {0, 2}, {0, 0}},
      {"a <= b", {0, 1}, {1, 2}, {1, 1}},
      {"a == b", {1, 1}, {1, 1}, {1, 1}},
      {"a == b", {0, 1}, {2, 3}, {0, 0}},
      {"a != b", {0, 1}, {2, 3}, {1, 1}},
      {"piecewise(a, b > 0, 7)", {1, 2}, {1, 2}, {1, 2}},
      {"piecewise(a, b > 0, 7)", {1, 2}, {-2, -1}, {7, 7}},
      {"piecewise(a, b > 0, 7)", {1, 2}, {-1, 1}, {1, 7}},
  };
  for (const auto& one : cases) {
    const Interval found = Made(one.text).over(one.a, one.b);
    const bool right = inside(found.low, one.wanted.low, one.wanted.low) &&
                       inside(found.high, one.wanted.high, one.wanted.high) &&
                       (found.low <= one.wanted.low + 1e-9) && (found.high >= one.wanted.high - 1e-9);
    if (!right) std::fprintf(stderr, "  %s: %.17g..%.17g\n", one.text, found.low, found.high);
    CHECK(right);
  }
  for (const char* text :
       {"a/b", "log(a)", "sqrt(a)", "asin(a)", "acosh(a)", "atanh(a)", "tan(a)", "a^b", "factorial(a)"})
    CHECK(Made(text).over({-2, 3}, {-1, 1}).is_whole());
}

TEST(an_interval_tells_of_jumps) {
  for (const char* text :
       {"floor(a)", "ceil(a)", "round(a)", "sign(a)", "a > b", "not (a > b)", "piecewise(1, a >= b, 2)"}) {
    bool jumps = false;
    Made(text).over({1.2, 1.4}, {0.25, 0.3}, &jumps);
    CHECK(!jumps);
    Made(text).over({-1.2, 1.4}, {0.25, 0.3}, &jumps);
    CHECK(jumps);
  }
  bool jumps = false;
  Made("exp(a)*b + abs(a)").over({-1, 1}, {0, 1}, &jumps);
  CHECK(!jumps);
}
