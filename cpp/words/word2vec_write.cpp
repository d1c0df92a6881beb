#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "base/file.hpp"
#include "base/pool.hpp"
#include "words/word2vec.hpp"

namespace stochos::words {
namespace {

constexpr std::size_t kBlockRows = 512;

void append_text(std::string& out, std::span<const float> row) {
  char number[32];
  for (const float value : row) {
    out.push_back(' ');
    out.append(number, std::to_chars(number, number + sizeof number, value).ptr);
  }
}

void append_binary(std::string& out, std::span<const float> row) {
  out.push_back(' ');
  for (const float value : row) {
    auto word = std::bit_cast<std::uint32_t>(value);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap32(word);
    std::array<char, sizeof word> bytes;
    std::memcpy(bytes.data(), &word, sizeof word);
    out.append(bytes.data(), bytes.size());
  }
}

}  // namespace

void write_word2vec(const std::string& path, std::span<const float> matrix, std::size_t dim,
                    std::string_view words, std::span<const std::uint64_t> word_ends, bool binary,
                    bool header, const std::string& where, Control& control) {
  AtomicFile file(path, where);
  const std::size_t rows = word_ends.size();
  control.start(rows);
  const auto work = [&](std::size_t, unsigned) {
    std::string block;
    if (header) block = std::to_string(rows) + ' ' + std::to_string(dim) + '\n';
    for (std::size_t first = 0; first < rows; first += kBlockRows) {
      if (control.stopped()) return;
      const std::size_t last = std::min(rows, first + kBlockRows);
      for (std::size_t i = first; i < last; ++i) {
        const std::size_t begin = i == 0 ? 0 : word_ends[i - 1];
        block.append(words.substr(begin, word_ends[i] - begin));
        const std::span<const float> row = matrix.subspan(i * dim, dim);
        binary ? append_binary(block, row) : append_text(block, row);
        block.push_back('\n');
      }
      file.write(block.data(), block.size());
      block.clear();
      control.advance(last - first);
    }
  };
  parallel_run(1, 1, work, control);
  file.commit();
}

}  // namespace stochos::words
