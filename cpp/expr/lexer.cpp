#include "expr/lexer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.hpp"
#include "expr/ast.hpp"

namespace stochos::expr {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}  // inside a UTF-8 character

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

// One character of the text as it is shown in an error.
std::string shown(std::string_view text, std::size_t position) {
  std::size_t end = position + 1;
  while (end < text.size() && continues(text[end])) ++end;
  const unsigned char c = static_cast<unsigned char>(text[position]);
  if (c < 0x20 || c == 0x7F) {
    constexpr std::string_view hex = "0123456789abcdef";
    return {'\\', 'x', hex[c >> 4], hex[c & 15]};
  }
  return std::string(text.substr(position, end - position));
}

}  // namespace

std::string with_caret(const std::string& what, std::string_view text, std::size_t position) {
  constexpr std::size_t reach = 60;  // bytes shown on each side
  std::size_t begin = position > reach ? position - reach : 0;
  std::size_t end = std::min(text.size(), position + reach);
  while (begin > 0 && continues(text[begin])) --begin;
  while (end < text.size() && continues(text[end])) ++end;
  std::string line = (begin > 0 ? "..." : "") + std::string(text.substr(begin, end - begin)) +
                     (end < text.size() ? "..." : "");
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  const std::size_t lead = columns(text.substr(begin, position - begin)) + (begin > 0 ? 3 : 0);
  return what + " at column " + std::to_string(columns(text.substr(0, position)) + 1) + ":\n  " + line +
         "\n  " + std::string(lead, ' ') + "^";
}

bool is_word(std::string_view text) noexcept {
  return text == "and" || text == "or" || text == "not" || text == "true" || text == "false";
}

bool is_plain_name(std::string_view text) noexcept {
  return !text.empty() && is_letter(text[0]) && !is_word(text) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

void Lexer::fail(const std::string& what, std::size_t position) const {
  throw Error(ErrorKind::value, where_, with_caret(what, text_, position));
}

Token Lexer::number(std::size_t start) {
  std::size_t end = start;
  const auto digits = [&] {
    while (end < text_.size() && is_digit(text_[end])) ++end;
  };
  digits();
  if (end < text_.size() && text_[end] == '.') {
    ++end;
    digits();
  }
  if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
    if (exponent >= text_.size() || !is_digit(text_[exponent]))
      fail("the exponent of a number has no digits", end);
    end = exponent;
    digits();
  }
  if (end < text_.size() && (is_letter(text_[end]) || text_[end] == '.'))
    fail("a number ends in '" + shown(text_, end) + "'; write * for a product", end);
  Token token{Kind::number, start, text_.substr(start, end - start)};
  const auto [stop, code] = std::from_chars(text_.data() + start, text_.data() + end, token.value);
  if (code == std::errc::result_out_of_range) fail("a number is outside the range of a double", start);
  if (code != std::errc() || stop != text_.data() + end) fail("this is not a number", start);
  at_ = end;
  return token;
}

Token Lexer::next() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  const std::size_t start = at_;
  if (start == text_.size()) return {Kind::end, start, {}};
  const char c = text_[start];
  if (is_digit(c) || (c == '.' && start + 1 < text_.size() && is_digit(text_[start + 1])))
    return number(start);
  if (is_letter(c)) {
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    return {Kind::name, start, text_.substr(start, at_ - start)};
  }
  if (c == '`') {
    const std::size_t end = text_.find('`', start + 1);
    if (end == std::string_view::npos) fail("the name in backquotes has no end", start);
    if (end == start + 1) fail("the name in backquotes is empty", start);
    at_ = end + 1;
    Token token{Kind::name, start, text_.substr(start + 1, end - start - 1)};
    token.quoted = true;
    return token;
  }
  constexpr std::array<std::string_view, 8> pairs = {"**", "<=", ">=", "==", "!=", "&&", "||", "<>"};
  for (const std::string_view pair : pairs) {
    if (text_.substr(start, 2) != pair) continue;
    if (pair == "<>") fail("'<>' is no operator; write != for unequal", start);
    at_ += 2;
    return {Kind::symbol, start, text_.substr(start, 2)};
  }
  if (std::string_view("+-*/^<>!(),").find(c) != std::string_view::npos) {
    ++at_;
    return {Kind::symbol, start, text_.substr(start, 1)};
  }
  if (c == '=') fail("'=' is no operator; write == for equal", start);
  if (c == '&' || c == '|') fail("write && or ||, or the words and, or", start);
  std::string what = "'";
  what += shown(text_, start);
  what += "' cannot stand here; a name with such characters goes in backquotes";
  fail(what, start);
}

}  // namespace stochos::expr
