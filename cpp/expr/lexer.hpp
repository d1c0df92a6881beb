// Text to tokens.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace stochos::expr {

enum class Kind { end, number, name, symbol };

struct Token {
  Kind kind = Kind::end;
  std::size_t position = 0;
  std::string_view text;  // of a quoted name: without its quotes
  double value = 0.0;     // of a number
  bool quoted = false;    // a name in backquotes is never a word of the language

  bool is(std::string_view wanted) const noexcept {
    return (kind == Kind::symbol || kind == Kind::name) && !quoted && text == wanted;
  }
};

class Lexer {
 public:
  Lexer(std::string_view text, const std::string& where) : text_(text), where_(where) {}
  Token next();
  [[noreturn]] void fail(const std::string& what, std::size_t position) const;

 private:
  Token number(std::size_t start);
  std::string_view text_;
  const std::string& where_;
  std::size_t at_ = 0;
};

bool is_word(std::string_view text) noexcept;        // and, or, not, true, false
bool is_plain_name(std::string_view text) noexcept;  // needs no backquotes

}  // namespace stochos::expr
