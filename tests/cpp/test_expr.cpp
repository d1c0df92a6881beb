#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "check.hpp"
#include "expr/ast.hpp"
#include "expr/mass_action.hpp"
#include "expr/program.hpp"

using namespace stochos;
using namespace stochos::expr;

namespace {

Symbols symbols() {
  Symbols s;
  s.slots = {{"A", 0}, {"B", 1}, {"k1", 2}, {"K", 3}};
  return s;
}

double run(const Program& program, const std::vector<double>& slots) {
  std::vector<double> registers(program.register_count(), std::nan(""));  // of any content
  return program.run(slots.data(), registers.data());
}

bool refused(const std::string& text, ErrorKind kind) {
  try {
    compile(parse(text, "test"), symbols(), "test");
  } catch (const Error& error) {
    return error.kind() == kind && std::string(error.what()).rfind("[test] ", 0) == 0;
  }
  return false;
}

}  // namespace

TEST(a_rate_law_gives_the_bits_of_the_same_sum_in_cpp) {
  const Program program = compile(parse("k1*A*(A-1)/2*B/(K+A)", "test"), symbols());
  CHECK(program.reads() == (std::vector<std::uint32_t>{0, 1, 2, 3}));
  CHECK(!program.is_constant());
  for (double a = 0; a < 50; ++a) {
    const double b = 3 * a + 1, k = 0.37, half = 11.5;
    CHECK(run(program, {a, b, k, half}) == k * a * (a - 1) / 2 * b / (half + a));
  }
}

// Slots, constants, earlier results and the one just before, on either side of every operation.
TEST(every_form_of_arithmetic_gives_the_bits_of_cpp) {
  const std::vector<double> slots = {7, 3, 0.3, 11.5};
  const double A = slots[0], B = slots[1], K = slots[3];
  const std::vector<std::pair<std::string, double>> parts = {
      {"A", A}, {"K", K}, {"2.7", 2.7}, {"(A - B*K)", A - B * K}, {"exp(B)", std::exp(B)}, {"(A/B)", A / B}};
  for (const auto& [left, x] : parts) {
    for (const auto& [right, y] : parts) {
      const double results[] = {x + y, x - y, x * y, x / y};
      for (std::size_t k = 0; k < 4; ++k) {
        const std::string text = left + "+-*/"[k] + right;
        CHECK(run(compile(parse(text, "test"), symbols()), slots) == results[k]);
        const std::string twice = "(" + text + ")/(K + (" + text + "))";
        CHECK(run(compile(parse(twice, "test"), symbols()), slots) == results[k] / (K + results[k]));
      }
    }
  }
}

TEST(programs_read_only_what_they_need) {
  CHECK(compile(parse("if(1 < 2, A, B)", "test"), symbols()).reads() == (std::vector<std::uint32_t>{0}));
  const Program seven = compile(parse("3 + 2^2", "test"), symbols());
  CHECK(seven.is_constant() && seven.constant() == 7.0 && seven.register_count() == 0);
  CHECK(run(compile(parse("B", "test"), symbols()), {1, 2, 3, 4}) == 2.0);
}

TEST(a_register_is_used_again_after_its_last_reader) {
  std::string text = "A*B";
  for (int i = 0; i < 1000; ++i) text += " + A*" + std::to_string(i) + ".5";
  const Program program = compile(parse(text, "test"), symbols());
  CHECK(program.instructions().size() > 1000);
  CHECK(program.register_count() < 4);
  double expected = 6;
  for (int i = 0; i < 1000; ++i) expected = expected + 2 * (i + 0.5);
  CHECK(run(program, {2, 3, 0, 0}) == expected);
}

TEST(batches_give_the_bits_of_single_runs) {
  const Program program =
      compile(parse("exp(-A/K)*hill(A, K, 2.5) + if(A > B, A^3, sqrt(B))", "test"), symbols());
  std::vector<double> a(1000), out(1000), scratch(program.batch_scratch());
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<double>(i * 37 % 101);
  const double b = 50, k = 0, half = 7;
  const std::vector<Column> columns = {{a.data(), 1}, {&b, 0}, {&k, 0}, {&half, 0}};
  program.run_batch(columns, 0, a.size(), out.data(), scratch.data());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < a.size(); ++i) wrong += out[i] != run(program, {a[i], b, k, half});
  CHECK(wrong == 0);
}

// Also where a vector of eight is not full: nothing beside the lanes is read or written.
TEST(any_number_of_lanes_gives_the_bits_of_single_runs) {
  const Program program = compile(
      parse("k1*A*(A - 1)*(A - 1)/(A + 1) + hill(A, K, 2.5)*(B - A)/(B + K) + max(A, B)", "test"), symbols());
  for (std::size_t lanes = 1; lanes <= 18; ++lanes) {
    std::vector<double> slots(4 * lanes), out(lanes), scratch((program.register_count() + 3) * lanes);
    for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = 2 + static_cast<double>(i * 37 % 101);
    program.run_lanes(slots.data(), lanes, out.data(), scratch.data());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < lanes; ++i)
      wrong +=
          out[i] != run(program, {slots[i], slots[lanes + i], slots[2 * lanes + i], slots[3 * lanes + i]});
    CHECK(wrong == 0);
  }
}

TEST(errors_have_their_kind_and_place) {
  CHECK(refused("A + ", ErrorKind::value));
  CHECK(refused("A + C", ErrorKind::key));
  CHECK(refused(std::string(200000, '('), ErrorKind::value));
  CHECK(refused(std::string(200000, '-'), ErrorKind::value));
  CHECK(refused(std::string(kMaxLength + 1, '1'), ErrorKind::value));
}

TEST(text_derivative_and_simplification) {
  CHECK(to_string(parse("((A)+(B*2))^2", "test")) == "(A + B*2)^2");
  CHECK(to_string(parse("A-(B-K)", "test")) == "A - (B - K)");
  CHECK(to_string(parse("(2^A)^B", "test")) == "(2^A)^B");
  CHECK(to_string(simplify(parse("0*A + 1*B + --K", "test"))) == "B + K");
  CHECK(to_string(derivative(parse("k1*A", "test"), "A", "test")) == "k1");
}

TEST(mass_action_is_seen_through_its_algebra) {
  const Constants constants = {{"k", 0.7}};
  for (const char* law : {"k*P*(P-1)/2", "0.5*k*P*(P-1)", "k*(P*P-P)/2", "(k/2)*P*(P-1)"}) {
    const auto found = mass_action(parse(law, "test"), constants, {{"P", 2}});
    CHECK(found && found->kind == MassAction::combinations && found->constant == 0.7);
  }
  CHECK(!mass_action(parse("k*P*(P-2)/2", "test"), constants, {{"P", 2}}));
  const auto power = mass_action(parse("k*P*P", "test"), constants, {{"P", 2}});
  CHECK(power && power->kind == MassAction::powers && power->constant == 0.7);
}
