#include "mutate.hpp"

#include <algorithm>
#include <utility>

namespace fuzz {
namespace {

const Words kNumbers = {"0",
                        "-1",
                        "1",
                        "9999999999999999999",
                        "-9223372036854775808",
                        "18446744073709551616",
                        "1e308",
                        "1e-320",
                        "1e999",
                        "nan",
                        "inf",
                        "0x1p3",
                        "1_000",
                        "00",
                        ".",
                        "-",
                        "1e",
                        "\xd9\xa1"};

void change(std::string& data, const std::string& other, const Words& tokens, Dice& dice) {
  const std::size_t at = dice.below(data.size() + 1), size = std::min(data.size() - at, dice.below(20));
  switch (dice.below(10)) {
    case 0:
      if (!data.empty()) data[std::min(at, data.size() - 1)] ^= static_cast<char>(1 << dice.below(8));
      break;
    case 1:
      data.erase(at, size);
      break;
    case 2: {
      const std::string piece = data.substr(at, size);
      for (std::size_t k = dice.once_in(10) ? 2 + dice.below(50) : 1; k > 0; --k) data.insert(at, piece);
      break;
    }
    case 3:
      if (!tokens.empty()) data.replace(at, dice.once_in(2) ? size : 0, tokens[dice.below(tokens.size())]);
      break;
    case 4:
      data.replace(at, dice.once_in(2) ? size : 0, kNumbers[dice.below(kNumbers.size())]);
      break;
    case 5: {  // a whole number in binary, at the edge of its kind
      std::uint64_t value = (std::uint64_t{1} << dice.below(64)) - dice.below(2);
      for (std::size_t k = std::size_t{1} << dice.below(4), i = at; k > 0 && i < data.size();
           --k, ++i, value >>= 8)
        data[i] = static_cast<char>(value & 0xFF);
      break;
    }
    case 6:
      data.replace(at, size, other.substr(dice.below(other.size() + 1), dice.below(40)));
      break;
    case 7:
      data.insert(at, 1, static_cast<char>(dice.below(256)));
      break;
    case 8:
      data.erase(at);
      break;
    default:
      if (!data.empty()) std::swap(data[at % data.size()], data[dice.below(data.size())]);
  }
}

}  // namespace

std::uint64_t Dice::next() noexcept {
  std::uint64_t x = state_ += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

std::string mutated(std::string seed, const std::string& other, const Words& tokens, Dice& dice) {
  const std::size_t most = 4 * seed.size() + 4096;
  std::size_t changes = 1;
  while (changes < 8 && dice.once_in(2)) ++changes;
  for (; changes > 0; --changes) change(seed, other, tokens, dice);
  if (seed.size() > most) seed.resize(most);
  return seed;
}

}  // namespace fuzz
