// From nodes to instructions: lowering with folding and common subexpressions, then registers.
#include <algorithm>
#include <bit>
#include <map>
#include <numbers>
#include <tuple>

#include "base/error.hpp"
#include "expr/program.hpp"

namespace stochos::expr {

class Compiler {
 public:
  Compiler(const Ast& ast, const Symbols& symbols, const std::string& where)
      : ast_(ast), symbols_(symbols), where_(where) {}

  Program run() {
    values_.resize(ast_.nodes().size());
    for (Id id = 0; id <= ast_.root(); ++id) values_[id] = lower(ast_.node(id));
    program_.result_ = values_[ast_.root()];
    program_.draws_ = std::move(draws_);
    drop_what_is_not_used();
    for (std::size_t i = 0; i < program_.instructions_.size(); ++i) quicken(program_.instructions_[i], i);
    allocate();
    return std::move(program_);
  }

 private:
  Operand constant(double value) {
    const auto [place, fresh] = constants_.try_emplace(
        std::bit_cast<std::uint64_t>(value), static_cast<std::uint32_t>(program_.constants_.size()));
    if (fresh) program_.constants_.push_back(value);
    return Operand::make(Operand::constant, place->second);
  }
  bool is_constant(Operand o) const { return o.place() == Operand::constant; }
  double value(Operand o) const { return program_.constants_[o.index()]; }
  bool is(Operand o, double v) const { return is_constant(o) && value(o) == v; }

  Operand emit(Op op, Operand a) { return emit(op, a, a, a); }
  Operand emit(Op op, Operand a, Operand b) { return emit(op, a, b, a); }
  // Every shortcut gives the same bits as the operation itself.
  Operand emit(Op op, Operand a, Operand b, Operand c) {
    if (is_constant(a) && is_constant(b) && is_constant(c))
      return constant(apply(op, value(a), value(b), value(c)));
    if (op == Op::select && is_constant(a)) return value(a) != 0.0 ? b : c;
    if (op == Op::select && b == c) return b;
    if (op == Op::mul && is(a, 1.0)) return b;
    if ((op == Op::mul || op == Op::div || op == Op::pow) && is(b, 1.0)) return a;
    if (op == Op::div && is_constant(b)) {
      int exponent = 0;  // by a power of two: a product is as exact and quicker
      if (std::fabs(std::frexp(value(b), &exponent)) == 0.5 && std::abs(exponent) < 1000)
        return emit(Op::mul, a, constant(1.0 / value(b)));
    }
    if (op == Op::pow && is_constant(b)) {
      if (value(b) == 2.0) return emit(Op::mul, a, a);
      if (value(b) == 3.0) return emit(Op::mul, emit(Op::mul, a, a), a);
      if (value(b) == 4.0) return emit(Op::pow, emit(Op::mul, a, a), constant(2.0));
    }
    if (op == Op::gt || op == Op::ge) return emit(op == Op::gt ? Op::lt : Op::le, b, a);
    if ((op == Op::add || op == Op::mul) && a.bits > b.bits) std::swap(a, b);
    if (op != Op::select) c = a;
    const auto next = static_cast<std::uint32_t>(program_.instructions_.size());
    const auto [place, fresh] = known_.try_emplace(std::tuple(op, a.bits, b.bits, c.bits), next);
    if (fresh) program_.instructions_.push_back({op, 0, next, a, b, c});
    return Operand::make(Operand::reg, place->second);
  }

  Operand name(const Node& node) {
    const std::string& text = ast_.names()[node.name];
    const auto found = symbols_.slots.find(text);
    if (found != symbols_.slots.end()) return Operand::make(Operand::slot, found->second);
    if (text == "pi") return constant(std::numbers::pi);
    const std::string what = "there is no value called '" + text + "'";
    throw Error(ErrorKind::key, where_,
                ast_.text().empty() ? what : with_caret(what, ast_.text(), ast_.position(node.name)));
  }

  // Calls f with each operand of an instruction, those of a draw included.
  template <class I, class F>
  void each_operand(I& i, F&& f) {
    if (is_draw(i.op)) {
      Draw& draw = program_.draws_[i.a.bits];
      for (std::uint32_t k = 0; k < draw.count; ++k) f(draw.arguments[k]);
    } else {
      f(i.a), f(i.b), f(i.c);
    }
  }

  Operand draw(Op op, std::span<const Id> ids) {
    Draw made;
    made.count = static_cast<std::uint32_t>(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) made.arguments[i] = values_[ids[i]];
    const auto next = static_cast<std::uint32_t>(program_.instructions_.size());
    const Operand number{static_cast<std::uint32_t>(draws_.size())};
    draws_.push_back(made);
    program_.instructions_.push_back({op, 0, next, number, number, number});
    return Operand::make(Operand::reg, next);
  }

  Operand lower(const Node& node) {
    const auto ids = ast_.arguments(node);
    const auto x = [&](std::size_t i) { return values_[ids[i]]; };
    if (is_draw(node.op)) return draw(node.op, ids);
    switch (node.op) {
      case Op::constant:
        return constant(node.value);
      case Op::name:
        return name(node);
      case Op::min:
      case Op::max: {
        Operand best = x(0);
        for (std::size_t i = 1; i < ids.size(); ++i) best = emit(node.op, best, x(i));
        return best;
      }
      case Op::piecewise: {  // from the last piece to the first
        const bool otherwise = ids.size() % 2 == 1;
        Operand chosen = otherwise ? x(ids.size() - 1) : constant(std::numeric_limits<double>::quiet_NaN());
        for (std::size_t i = ids.size() / 2; i-- > 0;)
          chosen = emit(Op::select, x(2 * i + 1), x(2 * i), chosen);
        return chosen;
      }
      case Op::hill: {
        const Operand above = emit(Op::pow, x(0), x(2));
        return emit(Op::div, above, emit(Op::add, emit(Op::pow, x(1), x(2)), above));
      }
      default:
        return ids.size() == 1 ? emit(node.op, x(0)) : emit(node.op, x(0), x(1));
    }
  }

  void drop_what_is_not_used() {
    auto& list = program_.instructions_;
    std::vector<char> needed(list.size(), 0);
    const auto need = [&](Operand o) {
      if (o.place() == Operand::reg) needed[o.index()] = 1;
    };
    need(program_.result_);
    for (std::size_t i = list.size(); i-- > 0;) {
      if (needed[i]) each_operand(list[i], need);
    }
    std::vector<std::uint32_t> moved(list.size(), 0), used(program_.constants_.size(), 0);
    std::vector<double> constants;
    const auto move = [&](Operand& o) {
      if (o.place() == Operand::reg) o = Operand::make(Operand::reg, moved[o.index()]);
      if (o.place() == Operand::slot) program_.reads_.push_back(o.index());
      if (o.place() == Operand::constant) {
        std::uint32_t& place = used[o.index()];
        if (place == 0) {
          constants.push_back(program_.constants_[o.index()]);
          place = static_cast<std::uint32_t>(constants.size());
        }
        o = Operand::make(Operand::constant, place - 1);
      }
    };
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!needed[i]) continue;
      moved[i] = count;
      Instruction kept = list[i];
      kept.to = count;
      each_operand(kept, move);
      list[count++] = kept;
    }
    list.resize(count);
    move(program_.result_);
    program_.constants_ = std::move(constants);
    auto& reads = program_.reads_;
    std::sort(reads.begin(), reads.end());
    reads.erase(std::unique(reads.begin(), reads.end()), reads.end());
  }

  // Before registers are shared: number i is written by instruction i alone.
  static void quicken(Instruction& i, std::size_t at) {
    if (i.op < Op::add || i.op > Op::div) return;
    const auto is_last = [&](Operand o) { return o.place() == Operand::reg && o.index() + 1 == at; };
    if ((i.op == Op::add || i.op == Op::mul) && is_last(i.b)) {
      std::swap(i.a, i.b);
      i.c = i.a;
    }
    const auto pair = [](Operand::Place a, Operand::Place b) { return 4 * a + b; };
    Form form = Form::any;
    if (is_last(i.a)) {
      constexpr Form forms[] = {Form::last_slot, Form::last_reg, Form::last_constant};
      form = is_last(i.b) ? Form::last_last : forms[i.b.place()];
    } else if (is_last(i.b)) {
      constexpr Form forms[] = {Form::slot_last, Form::reg_last, Form::constant_last};
      form = forms[i.a.place()];
    } else if (pair(i.a.place(), i.b.place()) == pair(Operand::slot, Operand::slot)) {
      form = Form::slot_slot;
    } else if (pair(i.a.place(), i.b.place()) == pair(Operand::slot, Operand::constant)) {
      form = Form::slot_constant;
    } else if (pair(i.a.place(), i.b.place()) == pair(Operand::constant, Operand::slot)) {
      form = Form::constant_slot;
    }
    i.quick = quick_code(i.op, form);
  }

  // A register is free again after the last instruction that reads it.
  void allocate() {
    auto& list = program_.instructions_;
    std::vector<std::size_t> last(list.size(), 0);
    for (std::size_t i = 0; i < list.size(); ++i) {
      each_operand(list[i], [&](Operand o) {
        if (o.place() == Operand::reg) last[o.index()] = i;
      });
    }
    std::vector<std::uint32_t> place(list.size(), 0), free;
    for (std::size_t i = 0; i < list.size(); ++i) {
      each_operand(list[i], [&](Operand& o) {
        if (o.place() != Operand::reg) return;
        const std::uint32_t virtual_register = o.index();
        o = Operand::make(Operand::reg, place[virtual_register]);
        if (last[virtual_register] != i) return;
        free.push_back(place[virtual_register]);
        last[virtual_register] = list.size();  // freed once, though an instruction may read it twice
      });
      if (free.empty()) free.push_back(program_.registers_++);
      place[i] = list[i].to = free.back();
      free.pop_back();
    }
    Operand& result = program_.result_;
    if (result.place() == Operand::reg) result = Operand::make(Operand::reg, place[result.index()]);
  }

  const Ast& ast_;
  const Symbols& symbols_;
  const std::string& where_;
  Program program_;
  std::vector<Operand> values_;
  std::vector<Draw> draws_;
  std::map<std::uint64_t, std::uint32_t> constants_;
  std::map<std::tuple<Op, std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> known_;
};

Program compile(const Ast& ast, const Symbols& symbols, const std::string& where) {
  return Compiler(ast, symbols, where).run();
}

}  // namespace stochos::expr
