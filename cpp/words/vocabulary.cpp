#include "words/vocabulary.hpp"

#include <array>

#include "base/error.hpp"

namespace stochos::words {

namespace detail {
std::uint64_t hash_long(const char* text, std::size_t length) noexcept {
  std::uint64_t state = kSecret1 ^ length;
  std::size_t i = 0;
  for (; i + 16 < length; i += 16)
    state = fold(load_word(text + i) ^ kSecret0, load_word(text + i + 8) ^ state);
  // The last 16 bytes, which may overlap the block before: a long token has at least 17.
  return fold(load_word(text + length - 16) ^ kSecret0 ^ state, load_word(text + length - 8) ^ kSecret1);
}
}  // namespace detail

namespace {
constexpr std::size_t kFirstSize = std::size_t{1} << 12;

[[noreturn]] void throw_too_many_types() {
  throw Error(ErrorKind::value, "words.count",
              "the text holds more than 4,294,967,293 different tokens; split it");
}
}  // namespace

Vocabulary::Vocabulary() : table_(kFirstSize), shift_(64 - std::countr_zero(kFirstSize)), offsets_{0} {}

TokenKey Vocabulary::key_of(const char* text, std::size_t length) noexcept {
  if (length >= kWhole) return key_of_padded(text, length);
  std::array<char, kWhole> padded{};
  std::memcpy(padded.data(), text, length);
  TokenKey key = key_of_padded(padded.data(), length);
  key.text = text;
  return key;
}

std::uint32_t Vocabulary::insert(const TokenKey& key, std::uint64_t count) {
  if (size() >= kMostTypes) throw_too_many_types();
  if ((size() + 1) * 8 > table_.size() * 5) grow();
  const auto id = static_cast<std::uint32_t>(size());
  arena_.insert(arena_.end(), key.text, key.text + key.length);
  offsets_.push_back(arena_.size());
  std::size_t i = key.hash >> shift_;
  while (table_[i].length != 0) i = (i + 1) & (table_.size() - 1);
  table_[i] = {key.first, key.second, count, id, capped(key.length)};
  return id;
}

void Vocabulary::grow() {
  // In large steps while small: most texts have a few hundred thousand types, and moving them costs more than
  // room.
  const int step = table_.size() < (std::size_t{1} << 18) ? 2 : 1;
  std::vector<Entry> larger(table_.size() << step);
  const int shift = shift_ - step;
  for (const Entry& entry : table_) {
    if (entry.length == 0) continue;
    const std::uint64_t hash =
        entry.length > kWhole ? entry.second : detail::hash_words(entry.first, entry.second, entry.length);
    std::size_t i = hash >> shift;
    while (larger[i].length != 0) i = (i + 1) & (larger.size() - 1);
    larger[i] = entry;
  }
  table_.swap(larger);
  shift_ = shift;
}

std::uint32_t TypesBeside::add_fresh(const TokenKey& key) {
  const std::size_t id = first_ + fresh_.add(key);
  if (id >= Vocabulary::kMostTypes) throw_too_many_types();
  return static_cast<std::uint32_t>(id);
}

std::optional<std::uint32_t> Vocabulary::find(std::string_view token) const noexcept {
  if (token.empty()) return std::nullopt;
  const std::uint32_t id = find(key_of(token.data(), token.size()));
  return id == kAbsent ? std::nullopt : std::optional(id);
}

std::vector<std::uint64_t> Vocabulary::frequencies(const Control& control) const {
  std::vector<std::uint64_t> result(size());
  for (const Entry& entry : table_) {
    if (entry.length == 0) continue;
    if (control.stopped()) throw Stopped();
    result[entry.id] = entry.count;
  }
  return result;
}

}  // namespace stochos::words
