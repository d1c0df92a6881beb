#include "targets.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "base/control.hpp"
#include "base/error.hpp"
#include "expr/ast.hpp"
#include "expr/draw.hpp"
#include "expr/interval.hpp"
#include "expr/mass_action.hpp"
#include "expr/program.hpp"
#include "words/word2vec.hpp"

namespace fuzz {
namespace {

using namespace stochos;

// A program gives one and the same number one by one, in columns and in lanes, and inside its interval.
void compute(const expr::Ast& ast) {
  expr::Symbols symbols;
  for (const std::string& name : ast.names())
    symbols.slots.emplace(name, static_cast<std::uint32_t>(symbols.slots.size()));
  const expr::Program program = expr::compile(ast, symbols, "fuzz");
  if (program.draws()) return;
  constexpr std::size_t kLanes = 8;
  const std::size_t slots = symbols.slots.size(), count = program.register_count();
  std::vector<double> values(slots), registers(count), lanes(slots * kLanes), out(kLanes), column(kLanes),
      scratch((count + 3) * kLanes), batch(program.batch_scratch());
  std::vector<expr::Column> columns;
  for (std::size_t s = 0; s < slots; ++s) {
    values[s] = 0.5 + static_cast<double>(s);
    std::fill_n(lanes.begin() + static_cast<std::ptrdiff_t>(s * kLanes), kLanes, values[s]);
    columns.push_back({&values[s], 0});
  }
  const double one = program.run(values.data(), registers.data());
  program.run_batch(columns, 0, kLanes, column.data(), batch.data());
  program.run_lanes(lanes.data(), kLanes, out.data(), scratch.data());
  for (std::size_t i = 0; i < kLanes; ++i) want(same(one, column[i]) && same(one, out[i]), "another number");
  std::vector<expr::Interval> points, inner(count);
  for (const double value : values) points.push_back(expr::Interval::point(value));
  const expr::Interval found = expr::enclose(program, points.data(), inner.data());
  want(found.holds(one) || std::isnan(one), "outside of its interval");
}

std::string expression(const std::string& text) {
  try {
    const expr::Ast ast = expr::parse(text, "fuzz");
    const std::string written = expr::to_string(ast);
    want(expr::to_string(expr::parse(written, "fuzz")) == written, "not read back as it was written");
    expr::to_string(expr::simplify(ast));
    expr::find_mass_action(ast, {});
    for (std::size_t i = 0; i < std::min<std::size_t>(2, ast.names().size()) && !expr::draws(ast); ++i)
      expr::to_string(expr::simplify(expr::derivative(ast, ast.names()[i], "fuzz")));
    compute(ast);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string vectors(const std::string& given, words::Word2vecKind kind) {
  // Of exactly this size, so that the address sanitizer sees a read past its end.
  const std::vector<char> bytes(given.begin(), given.end());
  words::Word2vecOptions options;
  options.kind = kind;
  Control control;
  try {
    const words::Word2vecTable table = words::read_word2vec(bytes, options, "input", "fuzz", 1, control);
    want(table.matrix.size() == table.rows * table.dim && table.word_ends.size() == table.rows, "sizes");
    want(std::is_sorted(table.word_ends.begin(), table.word_ends.end()), "ends of words");
    want(table.rows == 0 || table.word_ends.back() == table.words.size(), "words");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

void want(bool holds, const char* law) {
  if (!holds) throw std::logic_error(law);
}

bool same(double a, double b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

std::vector<Target> targets() {
  const std::string zeros(8, '\0');
  return {
      {"rate language",
       expression,
       {"k*S/(Km + S)", "-x^2 + 3e-1*y", "piecewise(1, x > 2 && y < 3, 4)", "u*log(u) - (u - 1)",
        "exp(tanh(a*b + a)*0.5 + 1)", "if(t >= 3, sin(t), max(a, b, 2))", "normal(0, 1) + poisson(3)",
        "((((1))))", "a^b^c", "not (a == b or c != d)", "hill(A, 3, 2) + sqrt(abs(B)) - floor(C)"},
       {"(",          ")",        "^",        "**",   "&&",     "||",    "!",    "==",   "<=",
        "piecewise(", "log(",     "exp(",     "abs(", "floor(", "time",  "pi",   "min(", "max(",
        "normal(",    "uniform(", "poisson(", ",",    "e",      "`a b`", "1e400"}},
      {"word2vec text",
       [](const std::string& text) { return vectors(text, words::Word2vecKind::text); },
       {"2 3\na 1 2 3\nb 4 5 6\n", "a 1 2\nb 3 -4e-2\n"},
       {"\n", " ", "\t"}},
      {"word2vec binary",
       [](const std::string& text) { return vectors(text, words::Word2vecKind::binary); },
       {"2 2\na " + zeros + "\nb " + zeros + "\n", "1 2\nword " + zeros},
       {" ", "\n"}},
      {"word2vec of either kind",
       [](const std::string& text) { return vectors(text, words::Word2vecKind::detect); },
       {"2 2\na " + zeros + "\nb " + zeros + "\n", "2 2\na 1 2\nb 3 4\n", "a 1 2\n"},
       {" ", "\n"}},
      network_target(),
      counts_target(),
      text_target(),
  };
}

}  // namespace fuzz
