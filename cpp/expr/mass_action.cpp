#include "expr/mass_action.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "expr/ops.hpp"

namespace stochos::expr {
namespace {

constexpr std::uint32_t kMaxDegree = 16;
constexpr std::size_t kMaxTerms = 512;
constexpr std::size_t kMaxNodes = 4096;  // beyond this no law is a mass-action law worth the search

// name and exponent, ascending
using Monomial = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

// A coefficient and the sum of the sizes of what was added up in it: what cancels leaves rounding errors.
struct Coefficient {
  long double value = 0, size = 0;
  bool is_zero() const { return std::fabs(value) <= size * kError; }
  // Rounding of the expansion, well below the last bit of a double.
  static constexpr long double kError = 0x1p-57L;
};
using Polynomial = std::map<Monomial, Coefficient>;

void add_to(Polynomial& p, const Monomial& m, Coefficient c) {
  Coefficient& sum = p[m];
  sum.value += c.value;
  sum.size += c.size;
}

Polynomial constant(long double value) {
  return {{Monomial{}, {value, std::fabs(value)}}};
}

std::optional<long double> as_constant(const Polynomial& p) {
  long double value = 0;
  for (const auto& [m, c] : p) {
    if (m.empty()) {
      value = c.value;
    } else if (!c.is_zero()) {
      return std::nullopt;
    }
  }
  return value;
}

std::uint32_t degree(const Monomial& m) {
  std::uint32_t sum = 0;
  for (const auto& [name, exponent] : m) sum += exponent;
  return sum;
}

Monomial times(const Monomial& a, const Monomial& b) {
  Monomial out;
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    if (j == b.end() || (i != a.end() && i->first < j->first)) {
      out.push_back(*i++);
    } else if (i == a.end() || j->first < i->first) {
      out.push_back(*j++);
    } else {
      out.emplace_back(i->first, i->second + j->second);
      ++i, ++j;
    }
  }
  return out;
}

std::optional<Polynomial> times(const Polynomial& a, const Polynomial& b) {
  Polynomial out;
  for (const auto& [m, c] : a) {
    for (const auto& [n, e] : b) {
      const Monomial product = times(m, n);
      if (degree(product) > kMaxDegree) return std::nullopt;
      add_to(out, product, {c.value * e.value, c.size * e.size});
    }
    if (out.size() > kMaxTerms) return std::nullopt;
  }
  return out;
}

Polynomial scaled(Polynomial p, long double factor) {
  for (auto& [m, c] : p) c.value *= factor, c.size *= std::fabs(factor);
  return p;
}

class Expansion {
 public:
  Expansion(const Ast& law, const Constants& constants) : law_(law), constants_(constants) {}

  std::optional<Polynomial> run() {
    if (law_.nodes().size() > kMaxNodes) return std::nullopt;
    values_.resize(law_.nodes().size());
    plain_.resize(law_.nodes().size());
    for (Id id = 0; id <= law_.root(); ++id) {
      plain_[id] = plain(law_.node(id));
      values_[id] = expand(law_.node(id), plain_[id]);
    }
    return std::move(values_[law_.root()]);
  }

 private:
  // The value of what holds no amount, as programs compute it.
  std::optional<double> plain(const Node& node) const {
    if (node.op == Op::constant) return node.value;
    if (node.op == Op::name) {
      const auto found = constants_.find(law_.names()[node.name]);
      return found != constants_.end() ? std::optional(found->second) : std::nullopt;
    }
    std::vector<double> x;
    for (const Id id : law_.arguments(node)) {
      if (!plain_[id]) return std::nullopt;
      x.push_back(*plain_[id]);
    }
    return apply_all(node.op, x);
  }

  // None for what is no polynomial; that is no matter where nothing uses it (a piece that is not chosen).
  std::optional<Polynomial> expand(const Node& node, std::optional<double> number) const {
    if (node.op == Op::constant) return constant(node.value);
    if (node.op == Op::name) return named(node.name);
    const auto ids = law_.arguments(node);
    if (node.op == Op::piecewise) return piece(ids);
    for (const Id id : ids)
      if (!values_[id]) return std::nullopt;
    const Polynomial& a = *values_[ids[0]];
    const Polynomial& b = *values_[ids.back()];
    const std::optional<long double> right = as_constant(b);
    switch (node.op) {
      case Op::neg:
        return scaled(a, -1);
      case Op::add:
      case Op::sub: {
        Polynomial out = a;
        for (const auto& [m, c] : b) add_to(out, m, {node.op == Op::add ? c.value : -c.value, c.size});
        return out.size() <= kMaxTerms ? std::optional(std::move(out)) : std::nullopt;
      }
      case Op::mul:
        return times(a, b);
      case Op::div: {
        if (!right || *right == 0) return std::nullopt;
        Polynomial out = a;
        for (auto& [m, c] : out) c.value /= *right, c.size /= std::fabs(*right);
        return out;
      }
      case Op::pow:
        if (!number && right && *right >= 0 && *right <= kMaxDegree && *right == std::floor(*right)) {
          std::optional<Polynomial> out = constant(1);
          for (int i = 0; i < static_cast<int>(*right) && out; ++i) out = times(*out, a);
          return out;
        }
        break;
      default:
        break;
    }
    return finite(number);
  }

  static std::optional<Polynomial> finite(std::optional<double> number) {
    if (!number || !std::isfinite(*number)) return std::nullopt;
    return constant(*number);
  }

  std::optional<Polynomial> named(std::uint32_t name) const {
    const std::string& text = law_.names()[name];
    const auto found = constants_.find(text);
    if (found != constants_.end()) return finite(found->second);
    return Polynomial{{Monomial{{name, 1}}, {1, 1}}};
  }

  std::optional<Polynomial> piece(std::span<const Id> ids) const {
    for (std::size_t i = 0; i + 1 < ids.size(); i += 2) {
      const std::optional<double> condition = plain_[ids[i + 1]];
      if (!condition) return std::nullopt;
      if (*condition != 0) return values_[ids[i]];
    }
    if (ids.size() % 2 == 0) return std::nullopt;
    return values_[ids.back()];
  }

  const Ast& law_;
  const Constants& constants_;
  std::vector<std::optional<Polynomial>> values_;
  std::vector<std::optional<double>> plain_;
};

// prod x(x-1)...(x-n+1), expanded.
std::optional<Polynomial> falling(const Monomial& orders) {
  std::optional<Polynomial> out = constant(1);
  for (const auto& [name, order] : orders) {
    for (std::uint32_t i = 0; i < order && out; ++i) {
      Polynomial factor{{Monomial{{name, 1}}, {1, 1}}};
      if (i > 0) add_to(factor, {}, {-static_cast<long double>(i), static_cast<long double>(i)});
      out = times(*out, factor);
    }
  }
  return out;
}

bool equal(const Polynomial& law, const Polynomial& form, long double lead) {
  for (const auto& [m, c] : form) {
    const auto found = law.find(m);
    if (found == law.end()) return false;
    const long double wanted = c.value * lead;
    if (std::fabs(found->second.value - wanted) >
        Coefficient::kError * std::max(found->second.size, std::fabs(wanted)))
      return false;
  }
  return std::all_of(law.begin(), law.end(),
                     [&](const auto& term) { return form.count(term.first) != 0 || term.second.is_zero(); });
}

}  // namespace

std::optional<MassAction> find_mass_action(const Ast& law, const Constants& constants) {
  const std::optional<Polynomial> p = Expansion(law, constants).run();
  if (!p) return std::nullopt;
  Monomial orders;  // the highest exponent of each amount
  std::size_t terms = 0;
  for (const auto& [m, c] : *p) {
    if (c.is_zero()) continue;
    if (!std::isfinite(c.value)) return std::nullopt;
    ++terms;
    for (const auto& [name, exponent] : m) {
      const auto same = [n = name](const auto& entry) { return entry.first == n; };
      const auto found = std::find_if(orders.begin(), orders.end(), same);
      if (found == orders.end()) {
        orders.emplace_back(name, exponent);
      } else {
        found->second = std::max(found->second, exponent);
      }
    }
  }
  std::sort(orders.begin(), orders.end());
  MassAction found;
  for (const auto& [name, order] : orders) found.orders.emplace_back(law.names()[name], order);
  std::sort(found.orders.begin(), found.orders.end());
  if (terms == 0) return found;
  const auto lead = p->find(orders);
  if (lead == p->end() || lead->second.is_zero()) return std::nullopt;
  const long double factor = lead->second.value;
  const std::optional<Polynomial> form = falling(orders);
  if (form && equal(*p, *form, factor)) {
    long double c = factor;
    for (const auto& [name, order] : orders)
      for (std::uint32_t i = 2; i <= order; ++i) c *= i;
    found.constant = static_cast<double>(c);
  } else if (terms == 1) {
    found.kind = MassAction::powers;
    found.constant = static_cast<double>(factor);
  } else {
    return std::nullopt;
  }
  if (!std::isfinite(found.constant)) return std::nullopt;
  return found;
}

std::optional<MassAction> mass_action(const Ast& law, const Constants& constants,
                                      const std::vector<std::pair<std::string, std::uint32_t>>& reactants) {
  std::optional<MassAction> found = find_mass_action(law, constants);
  if (!found) return std::nullopt;
  auto wanted = reactants;
  std::sort(wanted.begin(), wanted.end());
  if (found->constant == 0.0) found->orders = wanted;
  return found->orders == wanted ? found : std::nullopt;
}

}  // namespace stochos::expr
