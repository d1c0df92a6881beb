#include "words/symmetric.hpp"

#include "base/error.hpp"

namespace stochos::words {

void check_upper(const UpperView& upper, bool values, const std::string& where, Control& control) {
  const auto& rows = upper.row_start;
  const auto refuse = [&](const std::string& text) { throw Error(ErrorKind::value, where, text); };
  if (rows.empty() || rows.front() != 0) refuse("row_start does not begin with 0");
  if (upper.words() > std::size_t{1} << 31) refuse("more than 2^31 rows");
  if (upper.column.size() != upper.value.size()) refuse("column and value differ in length");
  if (rows.back() < 0 || static_cast<std::size_t>(rows.back()) != upper.column.size()) {
    refuse("row_start does not end with the number of entries");
  }
  for (std::size_t a = 0; a < upper.words(); ++a) {
    if (rows[a] > rows[a + 1]) refuse("row_start descends at row " + std::to_string(a));
  }
  for (std::size_t a = 0; a < upper.words(); ++a) {
    if (a % 256 == 0 && control.stopped()) return;
    std::uint64_t least = a;
    for (std::int64_t k = rows[a]; k < rows[a + 1]; ++k) {
      const std::uint32_t b = upper.column[static_cast<std::size_t>(k)];
      if (b < least || b >= upper.words())
        refuse("row " + std::to_string(a) + " has columns that are no ascending upper triangle");
      least = std::uint64_t{b} + 1;
    }
  }
  if (values && std::find(upper.value.begin(), upper.value.end(), 0U) != upper.value.end())
    refuse("a stored value is 0");
}

Marginals marginals(const UpperView& upper, Control& control) {
  using Wide = unsigned __int128;
  std::vector<Wide> sum(upper.words());
  for (std::size_t a = 0; a < upper.words(); ++a) {
    if (a % 256 == 0 && control.stopped()) break;
    Wide own = 0;
    for (auto k = static_cast<std::size_t>(upper.row_start[a]);
         k < static_cast<std::size_t>(upper.row_start[a + 1]); ++k) {
      own += upper.value[k];
      sum[upper.column[k]] += upper.value[k];  // on the diagonal the second of the two
    }
    sum[a] += own;
  }
  Marginals result;
  result.sum.resize(upper.words());
  Wide total = 0;
  for (std::size_t a = 0; a < upper.words(); ++a) {
    result.sum[a] = static_cast<double>(sum[a]);
    total += sum[a];
  }
  result.high = static_cast<std::uint64_t>(total >> 64);
  result.low = static_cast<std::uint64_t>(total);
  return result;
}

}  // namespace stochos::words
