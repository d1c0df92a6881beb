// Tokenizers of the core: whole, valid characters in, numbers of types out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "words/vocabulary.hpp"

namespace stochos::words {

// Where windows stop, and the place of a token that is not in the vocabulary.
inline constexpr std::uint32_t kLineEndId = 0xFFFFFFFF, kHoleId = 0xFFFFFFFE;

// whitespace: a token is what stands between ASCII white space (space, \t, \n, \v, \f, \r); \n ends a line.
// U+0085,
//   U+00A0, U+3000 and the like are part of a token.
// characters: each character that is not Unicode white space is a token (as str.isspace() of Python has it).
enum class Tokenizer { whitespace, characters };

// Numbers in a buffer that may live on disk, appended a block at a time.
class IdBuffer {
 public:
  IdBuffer(std::size_t limit, std::string folder, std::string where)
      : store_(limit, std::move(folder), std::move(where)) {}
  // Room for `count` more after the end; commit() says how many were written.
  std::uint32_t* reserve(std::size_t count) {
    if ((size_ + count) * sizeof(std::uint32_t) > store_.size())
      store_.resize((size_ + count) * sizeof(std::uint32_t));
    return data() + size_;
  }
  void commit(std::size_t count) noexcept { size_ += count; }
  void shrink(std::size_t size) noexcept { size_ = size; }
  std::uint32_t* data() noexcept { return reinterpret_cast<std::uint32_t*>(store_.data()); }
  const std::uint32_t* data() const noexcept { return reinterpret_cast<const std::uint32_t*>(store_.data()); }
  std::size_t size() const noexcept { return size_; }
  bool on_disk() const noexcept { return store_.on_disk(); }

 private:
  SpillBuffer store_;
  std::size_t size_ = 0;
};

inline bool is_ascii_space(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// `Types` numbers the tokens: a Vocabulary, or a TypesBeside one.
template <class Types>
class Splitter {
 public:
  Splitter(Tokenizer tokenizer, Types& vocabulary, IdBuffer& ids)
      : tokenizer_(tokenizer), vocabulary_(vocabulary), ids_(ids) {}
  // Any length; a token may go on in the next piece. With `padded`, 16 bytes behind the end may be read.
  void feed(std::span<const char> text, bool padded);
  // Tokens given whole; anything may be in them, but none is empty.
  void add_tokens(std::span<const std::string_view> tokens);
  void end_token();
  void drop_open_token() noexcept { open_token_.clear(); }
  void end_line();

 private:
  void split_whitespace(std::span<const char> text, bool padded);
  void split_characters(std::span<const char> text);

  Tokenizer tokenizer_;
  Types& vocabulary_;
  IdBuffer& ids_;
  std::string open_token_;  // the beginning of a token that goes on in the next piece
};

extern template class Splitter<Vocabulary>;
extern template class Splitter<TypesBeside>;

}  // namespace stochos::words
