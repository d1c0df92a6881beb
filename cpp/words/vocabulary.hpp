// The types (distinct tokens) of a text, numbered in the order in which they are met, with their frequencies.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "base/control.hpp"

namespace stochos::words {

// A token prepared for the table. Tokens of up to 16 bytes are held whole, as two zero-padded words.
struct TokenKey {
  std::uint64_t first = 0, second = 0;  // second: bytes 8..15, or for a longer token the hash of all of it
  std::uint64_t hash = 0;
  const char* text = nullptr;
  std::size_t length = 0;
};

// Open addressing over an arena. An entry holds what most look-ups need (key, length, count, number), so that
// they touch one cache line and never the arena. No limit on the length of a token; at most 2^32 - 3 types.
class Vocabulary {
 public:
  static constexpr std::size_t kMostTypes = 0xFFFFFFFD;  // the two highest ids are line end and hole
  static constexpr std::uint32_t kAbsent = 0xFFFFFFFF;

  Vocabulary();

  // `length` > 0 bytes at `text`, of which 16 may be read whatever the length.
  static TokenKey key_of_padded(const char* text, std::size_t length) noexcept;
  static TokenKey key_of(const char* text, std::size_t length) noexcept;

  void prefetch(const TokenKey& key) const noexcept { __builtin_prefetch(&table_[key.hash >> shift_]); }
  // The number of the type; counts `times` more of it.
  std::uint32_t add(const TokenKey& key, std::uint64_t times = 1) {
    for (std::size_t i = key.hash >> shift_;; i = (i + 1) & (table_.size() - 1)) {
      Entry& entry = table_[i];
      if (matches(entry, key)) {
        entry.count += times;
        return entry.id;
      }
      if (entry.length == 0) return insert(key, times);
    }
  }

  std::optional<std::uint32_t> find(std::string_view token) const noexcept;
  // The number of the type, or kAbsent.
  std::uint32_t find(const TokenKey& key) const noexcept {
    for (std::size_t i = key.hash >> shift_;; i = (i + 1) & (table_.size() - 1)) {
      const Entry& entry = table_[i];
      if (matches(entry, key)) return entry.id;
      if (entry.length == 0) return kAbsent;
    }
  }
  std::size_t size() const noexcept { return offsets_.size() - 1; }
  std::string_view token(std::uint32_t id) const noexcept {
    return {arena_.data() + offsets_[id], static_cast<std::size_t>(offsets_[id + 1] - offsets_[id])};
  }
  // Throws Stopped when `control` is.
  std::vector<std::uint64_t> frequencies(const Control& control) const;

 private:
  struct alignas(32) Entry {
    std::uint64_t first = 0, second = 0, count = 0;
    std::uint32_t id = 0, length = 0;  // length 0: empty; capped at 2^32 - 1
  };
  static constexpr std::size_t kWhole = 16;  // tokens up to this many bytes are in the entry itself

  static std::uint32_t capped(std::size_t length) noexcept {
    return static_cast<std::uint32_t>(length < UINT32_MAX ? length : UINT32_MAX);
  }
  bool matches(const Entry& entry, const TokenKey& key) const noexcept {
    if (entry.first != key.first || entry.second != key.second || entry.length != capped(key.length))
      return false;
    return key.length <= kWhole || token(entry.id) == std::string_view(key.text, key.length);
  }
  std::uint32_t insert(const TokenKey& key, std::uint64_t count);
  void grow();

  std::vector<Entry> table_;
  int shift_;
  std::vector<char> arena_;
  std::vector<std::uint64_t> offsets_;  // of the tokens in the arena, and its end
};

namespace detail {
// Folds the 128-bit product, as wyhash does (Wang Yi, public domain); the constants are its first two
// secrets.
inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}
inline constexpr std::uint64_t kSecret0 = 0xA0761D6478BD642FULL, kSecret1 = 0xE7037ED1A0B428DBULL;

inline std::uint64_t hash_words(std::uint64_t first, std::uint64_t second, std::uint64_t length) noexcept {
  return fold(first ^ kSecret0, second ^ kSecret1 ^ (length << 56));
}
std::uint64_t hash_long(const char* text, std::size_t length) noexcept;

// Little-endian words whatever the machine, so that zero padding means the same everywhere.
inline std::uint64_t load_word(const char* text) noexcept {
  std::uint64_t word;
  std::memcpy(&word, text, 8);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}
}  // namespace detail

inline TokenKey Vocabulary::key_of_padded(const char* text, std::size_t length) noexcept {
  TokenKey key;
  key.text = text;
  key.length = length;
  key.first = detail::load_word(text);
  if (length > kWhole) {
    key.second = key.hash = detail::hash_long(text, length);
    return key;
  }
  const std::uint64_t all = ~std::uint64_t{0};
  const unsigned bits = static_cast<unsigned>(length) * 8;
  key.first &= length >= 8 ? all : ~(all << bits);
  key.second = length > 8 ? detail::load_word(text + 8) & (all >> (128 - bits)) : 0;
  key.hash = detail::hash_words(key.first, key.second, length);
  return key;
}

// What one of several readers finds beside a vocabulary that none of them changes meanwhile: new types,
// numbered from known.size() on. Counts nothing.
class TypesBeside {
 public:
  explicit TypesBeside(const Vocabulary& known) : known_(known) {}
  // After `known` has changed.
  void restart() {
    fresh_ = Vocabulary();
    first_ = known_.size();
  }
  void prefetch(const TokenKey& key) const noexcept { known_.prefetch(key); }
  std::uint32_t add(const TokenKey& key) {
    const std::uint32_t id = known_.find(key);
    return id != Vocabulary::kAbsent ? id : add_fresh(key);
  }
  const Vocabulary& fresh() const noexcept { return fresh_; }
  std::size_t first() const noexcept { return first_; }  // number of the first that is fresh

 private:
  std::uint32_t add_fresh(const TokenKey& key);

  const Vocabulary& known_;
  Vocabulary fresh_;
  std::size_t first_ = 0;
};

}  // namespace stochos::words
