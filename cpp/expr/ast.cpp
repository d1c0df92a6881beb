#include "expr/ast.hpp"

#include <algorithm>
#include <bit>

namespace stochos::expr {
namespace {

std::uint64_t mix(std::uint64_t h, std::uint64_t value) {
  h ^= value + 0x9E3779B97F4A7C15ULL + (h << 6) + (h >> 2);
  return h * 0xBF58476D1CE4E5B9ULL;
}

}  // namespace

Id Builder::constant(double value) {
  Node node;
  node.value = value;
  return intern(node, {});
}

Id Builder::name(std::string_view name, std::size_t position) {
  const auto [place, fresh] =
      name_ids_.try_emplace(std::string(name), static_cast<std::uint32_t>(data_->names.size()));
  if (fresh) {
    data_->names.emplace_back(name);
    data_->positions.push_back(position);
  }
  Node node;
  node.op = Op::name;
  node.name = place->second;
  return intern(node, {});
}

Id Builder::make(Op op, std::span<const Id> arguments) {
  Node node;
  node.op = op;
  node.count = static_cast<std::uint32_t>(arguments.size());
  return intern(node, arguments);
}

Id Builder::intern(const Node& node, std::span<const Id> arguments) {
  std::uint64_t h = mix(static_cast<std::uint64_t>(node.op), node.name);
  h = mix(h, std::bit_cast<std::uint64_t>(node.value));
  for (const Id a : arguments) h = mix(h, a);
  const auto [begin, end] = found_.equal_range(h);
  for (auto it = begin; it != end && !is_draw(node.op); ++it) {
    const Node& old = data_->nodes[it->second];
    if (old.op == node.op && old.name == node.name && old.count == node.count &&
        std::bit_cast<std::uint64_t>(old.value) == std::bit_cast<std::uint64_t>(node.value) &&
        std::equal(arguments.begin(), arguments.end(), data_->arguments.begin() + old.first)) {
      return it->second;
    }
  }
  const Id id = static_cast<Id>(data_->nodes.size());
  Node made = node;
  made.first = static_cast<std::uint32_t>(data_->arguments.size());
  const std::vector<Id> copy(arguments.begin(), arguments.end());  // they may lie in the array that grows
  data_->arguments.insert(data_->arguments.end(), copy.begin(), copy.end());
  data_->nodes.push_back(made);
  found_.emplace(h, id);
  return id;
}

Ast Builder::finish(Id root, std::string text) {
  const Ast::Data& all = *data_;
  std::vector<char> needed(all.nodes.size(), 0);
  needed[root] = 1;
  for (Id id = root + 1; id-- > 0;) {
    if (!needed[id]) continue;
    for (const Id a : arguments(id)) needed[a] = 1;
  }
  auto kept = std::make_shared<Ast::Data>();
  std::vector<Id> moved(all.nodes.size(), 0);
  std::vector<std::uint32_t> names(all.names.size(), 0xFFFFFFFF);
  for (Id id = 0; id <= root; ++id) {
    if (!needed[id]) continue;
    Node node = all.nodes[id];
    if (node.op == Op::name) {
      std::uint32_t& place = names[node.name];
      if (place == 0xFFFFFFFF) {
        place = static_cast<std::uint32_t>(kept->names.size());
        kept->names.push_back(all.names[node.name]);
        kept->positions.push_back(all.positions[node.name]);
      }
      node.name = place;
    }
    node.first = static_cast<std::uint32_t>(kept->arguments.size());
    for (const Id a : arguments(id)) kept->arguments.push_back(moved[a]);
    moved[id] = static_cast<Id>(kept->nodes.size());
    kept->nodes.push_back(node);
  }
  kept->root = moved[root];
  kept->text = std::move(text);
  data_ = std::make_shared<Ast::Data>();
  found_.clear();
  name_ids_.clear();
  return Ast(std::move(kept));
}

}  // namespace stochos::expr
