// Expressions of the rate language, and the search for mass action in them.
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "bind/support.hpp"
#include "expr/ast.hpp"
#include "expr/draw.hpp"
#include "expr/mass_action.hpp"
#include "expr/program.hpp"

namespace stochos::bind {
namespace {

using expr::Ast;
using expr::Column;
using expr::Program;

struct Expression {
  Ast ast;
  std::string where;
};

Program compiled(const Expression& e) {
  expr::Symbols symbols;
  for (const std::string& name : e.ast.names())
    symbols.slots.emplace(name, static_cast<std::uint32_t>(symbols.slots.size()));
  return expr::compile(e.ast, symbols, e.where);
}

std::vector<std::string> names(const Expression& e, bool constants) {
  std::vector<std::string> list = e.ast.names();
  if (!constants) std::erase(list, "pi");
  return list;
}

// The inputs by slot; keeps what the columns point to.
struct Inputs {
  std::vector<Column> columns;
  std::vector<double> numbers;
  std::vector<Array<double>> arrays;
  std::optional<std::size_t> length;

  void take(const std::string& name, const py::handle value, const std::string& where) {
    if (PyFloat_Check(value.ptr()) || PyLong_Check(value.ptr())) {
      const double number = PyFloat_AsDouble(value.ptr());
      if (number == -1.0 && PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        throw Error(ErrorKind::value, where, "the value of '" + name + "' is outside the range of a double");
      }
      numbers.push_back(number);
      columns.push_back({&numbers.back(), 0});
      return;
    }
    if (!py::isinstance<Array<double>>(value) || py::reinterpret_borrow<py::array>(value).ndim() != 1) {
      throw Error(ErrorKind::type, where,
                  "the value of '" + name + "' is neither a number nor a contiguous float64 array (n,)");
    }
    arrays.push_back(py::reinterpret_borrow<Array<double>>(value));
    const auto size = static_cast<std::size_t>(arrays.back().size());
    if (length.value_or(size) != size) {
      throw Error(ErrorKind::value, where,
                  "'" + name + "' has " + std::to_string(size) + " values and others have " +
                      std::to_string(*length));
    }
    length = size;
    columns.push_back({arrays.back().data(), 1});
  }
};

py::object evaluate(const Expression& e, const py::dict& values) {
  if (expr::draws(e.ast))
    throw Error(ErrorKind::value, e.where,
                "the expression '" + e.ast.text() + "' draws random numbers, which only a trajectory has");
  expr::Symbols symbols;
  Inputs inputs;
  inputs.numbers.reserve(e.ast.names().size());
  for (const std::string& name : e.ast.names()) {
    const py::str key(name);
    if (!values.contains(key)) continue;  // compile() names it, unless it is pi
    symbols.slots.emplace(name, static_cast<std::uint32_t>(inputs.columns.size()));
    inputs.take(name, values[key], e.where);
  }
  const Program program = expr::compile(e.ast, symbols, e.where);
  if (!inputs.length) {
    std::vector<double> scratch(program.register_count()), slots(inputs.columns.size());
    for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = *inputs.columns[i].data;
    return py::float_(program.run(slots.data(), scratch.data()));
  }
  std::vector<double> out(*inputs.length);
  const auto fill = [&](std::size_t begin, std::size_t end, std::vector<double>& scratch) {
    program.run_batch(inputs.columns, begin, end, out.data(), scratch.data());
  };
  const std::size_t operations = program.instructions().size() + 1;
  if (out.size() * operations < 20000) {
    std::vector<double> scratch(program.batch_scratch());
    fill(0, out.size(), scratch);
    return adopt(std::move(out));
  }
  long_call(py::none(), [&](Control& control) {
    parallel_run(
        1, 1,
        [&](std::size_t, unsigned) {
          std::vector<double> scratch(program.batch_scratch());
          // Some milliseconds of work between two looks at the control.
          const std::size_t step = std::clamp<std::size_t>(1000000 / operations, 8, 8192);
          for (std::size_t i = 0; i < out.size() && !control.stopped(); i += step)
            fill(i, std::min(out.size(), i + step), scratch);
        },
        control);
    return true;
  });
  return adopt(std::move(out));
}

using Orders = std::vector<std::pair<std::string, std::uint32_t>>;

py::object find_mass_action(const Expression& e, const std::unordered_map<std::string, double>& constants,
                            const std::optional<Orders>& reactants) {
  const auto found =
      reactants ? expr::mass_action(e.ast, constants, *reactants) : expr::find_mass_action(e.ast, constants);
  if (!found) return py::none();
  const char* kind = found->kind == expr::MassAction::combinations ? "combinations" : "powers";
  return py::make_tuple(kind, found->constant, py::cast(found->orders));
}

std::string op_name(expr::Op op) {
  using expr::Op;
  switch (op) {
    case Op::constant:
      return "constant";
    case Op::name:
      return "name";
    case Op::neg:
      return "neg";
    case Op::not_:
      return "not";
    case Op::add:
      return "+";
    case Op::sub:
      return "-";
    case Op::mul:
      return "*";
    case Op::div:
      return "/";
    case Op::pow:
      return "^";
    case Op::lt:
      return "<";
    case Op::le:
      return "<=";
    case Op::gt:
      return ">";
    case Op::ge:
      return ">=";
    case Op::eq:
      return "==";
    case Op::ne:
      return "!=";
    case Op::and_:
      return "and";
    case Op::or_:
      return "or";
    default:
      return std::string(expr::function_name(op));
  }
}

// One (operation, places of its arguments, number or name) for each node, each after its arguments.
py::list tree(const Expression& e) {
  py::list out;
  for (const expr::Node& node : e.ast.nodes()) {
    const std::span<const expr::Id> ids = e.ast.arguments(node);
    py::object leaf = py::none();
    if (node.op == expr::Op::constant) leaf = py::float_(node.value);
    if (node.op == expr::Op::name) leaf = py::str(e.ast.names()[node.name]);
    out.append(py::make_tuple(op_name(node.op), std::vector<expr::Id>(ids.begin(), ids.end()), leaf));
  }
  return out;
}

}  // namespace

void bind_expr(py::module_& m) {
  using py::arg;
  py::class_<Expression>(m, "Expression")
      .def(py::init([](const std::string& text, const std::string& where) {
             return Expression{expr::parse(text, where), where};
           }),
           arg("text"), arg("where") = "expr")
      .def("evaluate", &evaluate, arg("values"))
      .def("names", &names, arg("constants") = false)
      .def("draws", [](const Expression& e) { return expr::draws(e.ast); })
      .def(
          "derivative",
          [](const Expression& e, const std::string& name) {
            return Expression{expr::derivative(e.ast, name, e.where), e.where};
          },
          arg("name"))
      .def("simplified", [](const Expression& e) { return Expression{expr::simplify(e.ast), e.where}; })
      .def("mass_action", &find_mass_action, arg("constants"), arg("reactants") = py::none())
      .def("tree", &tree)
      .def("operations", [](const Expression& e) { return compiled(e).instructions().size(); })
      .def("__str__", [](const Expression& e) { return expr::to_string(e.ast); });
}

}  // namespace stochos::bind
