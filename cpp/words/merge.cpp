#include "words/merge.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace stochos::words {
namespace {

constexpr const char* kWhere = "words.Counts.__add__";

void check_map(const Mapped& part, std::size_t words) {
  if (part.map.size() != part.upper.words())
    throw Error(ErrorKind::value, kWhere, "the map does not have one entry for each word");
  std::vector<bool> taken(words);
  for (const std::uint32_t to : part.map) {
    if (to == kDropped) continue;
    if (to >= words || taken[to])
      throw Error(ErrorKind::value, kWhere, "two words are mapped to one, or one beyond the vocabulary");
    taken[to] = true;
  }
}

// Calls visit(row, column, value) for each kept entry, in the result's numbering.
template <class Visit>
void each(std::span<const Mapped> parts, Control& control, const Visit& visit) {
  for (const Mapped& part : parts) {
    for (std::size_t a = 0; a < part.upper.words(); ++a) {
      if (control.stopped()) return;
      const std::uint32_t row = part.map[a];
      if (row == kDropped) continue;
      for (auto k = static_cast<std::size_t>(part.upper.row_start[a]);
           k < static_cast<std::size_t>(part.upper.row_start[a + 1]); ++k) {
        const std::uint32_t column = part.map[part.upper.column[k]];
        if (column == kDropped) continue;
        visit(std::min(row, column), std::max(row, column), part.upper.value[k]);
      }
    }
  }
}

void to_starts(std::vector<std::int64_t>& counts) {
  for (std::size_t a = 1; a < counts.size(); ++a) counts[a] += counts[a - 1];
}

}  // namespace

UpperTriangle merge_upper(std::span<const Mapped> parts, std::size_t words, Control& control) {
  for (const Mapped& part : parts) check_map(part, words);
  // Sorted by column first, then stably by row: rows come out with ascending columns, equal ones side by
  // side.
  std::vector<std::int64_t> row_start(words + 1), column_start(words + 1);
  each(parts, control, [&](std::uint32_t row, std::uint32_t column, std::uint64_t) {
    ++row_start[row + 1];
    ++column_start[column + 1];
  });
  to_starts(row_start);
  to_starts(column_start);
  const auto n = static_cast<std::size_t>(row_start[words]);
  UpperTriangle result;
  {
    std::vector<std::uint32_t> by_column_row(n);
    std::vector<std::uint64_t> by_column_value(n);
    std::vector<std::int64_t> place(column_start.begin(), column_start.end() - 1);
    each(parts, control, [&](std::uint32_t row, std::uint32_t column, std::uint64_t value) {
      const auto at = static_cast<std::size_t>(place[column]++);
      by_column_row[at] = row;
      by_column_value[at] = value;
    });
    result.column.resize(n);
    result.value.resize(n);
    place.assign(row_start.begin(), row_start.end() - 1);
    for (std::size_t column = 0; column < words && !control.stopped(); ++column) {
      for (auto k = static_cast<std::size_t>(column_start[column]);
           k < static_cast<std::size_t>(column_start[column + 1]); ++k) {
        const auto at = static_cast<std::size_t>(place[by_column_row[k]]++);
        result.column[at] = static_cast<std::uint32_t>(column);
        result.value[at] = by_column_value[k];
      }
    }
  }
  if (control.stopped()) return result;  // the caller's wait throws
  result.row_start.assign(words + 1, 0);
  std::size_t out = 0;
  for (std::size_t row = 0; row < words; ++row) {
    const std::size_t first = out;
    for (auto k = static_cast<std::size_t>(row_start[row]); k < static_cast<std::size_t>(row_start[row + 1]);
         ++k) {
      if (out > first && result.column[out - 1] == result.column[k]) {
        if (__builtin_add_overflow(result.value[out - 1], result.value[k], &result.value[out - 1])) {
          throw Error(ErrorKind::value, kWhere,
                      "a sum of counts passes 2^64; give a smaller window or another weighting");
        }
        continue;
      }
      result.column[out] = result.column[k];
      result.value[out++] = result.value[k];
    }
    result.row_start[row + 1] = static_cast<std::int64_t>(out);
  }
  result.column.resize(out);
  result.value.resize(out);
  return result;
}

}  // namespace stochos::words
