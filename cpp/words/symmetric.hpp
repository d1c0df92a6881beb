// From the stored upper triangle to the full symmetric matrix, and checks and sums of it.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/control.hpp"
#include "base/memory.hpp"
#include "base/pool.hpp"

namespace stochos::words {

// An upper triangle that somebody else keeps; see UpperTriangle in words/pairs.hpp.
struct UpperView {
  std::span<const std::int64_t> row_start;
  std::span<const std::uint32_t> column;
  std::span<const std::uint64_t> value;
  std::size_t words() const { return row_start.size() - 1; }
};

// Throws Error(value) unless rows and columns are those of an upper triangle and, when asked, all values
// positive.
void check_upper(const UpperView& upper, bool values, const std::string& where, Control& control);

struct Marginals {
  std::vector<double> sum;  // of each row of the full matrix, in units; rounded once from the exact integer
  std::uint64_t high = 0, low = 0;  // the exact sum of all rows: high * 2^64 + low
};
Marginals marginals(const UpperView& upper, Control& control);

template <class T>
struct FullRows {
  std::vector<std::int64_t> row_start;
  UnsetVector<std::uint32_t> column;  // ascending in each row
  UnsetVector<T> value;
};

// Every entry (a, b) of the upper triangle makes one of (a, b) and off the diagonal one of (b, a), with the
// value value(row, column, k), k being its place in the triangle; those that keep(value) refuses are left
// out. Deterministic: threads own ranges of rows of the result.
template <class T, class Value, class Keep>
FullRows<T> expand(std::span<const std::int64_t> row_start, std::span<const std::uint32_t> column,
                   unsigned threads, Control& control, const Value& value, const Keep& keep) {
  const std::size_t words = row_start.size() - 1, tasks = words < 1024 ? 1 : std::max(8U, 4 * threads);
  // Ranges of about equal work: an entry counts where its row is and where its column is.
  std::vector<std::int64_t> work(words + 1);
  for (std::size_t a = 0; a < words; ++a) work[a + 1] = row_start[a + 1] - row_start[a];
  for (const std::uint32_t b : column) ++work[b + 1];
  for (std::size_t a = 0; a < words; ++a) work[a + 1] += work[a];
  const auto bound = [&](std::size_t task) {
    const auto share = static_cast<std::int64_t>(static_cast<double>(work[words]) /
                                                 static_cast<double>(tasks) * static_cast<double>(task));
    return task == tasks ? words
                         : static_cast<std::size_t>(std::lower_bound(work.begin(), work.end() - 1, share) -
                                                    work.begin());
  };
  FullRows<T> full;
  full.row_start.assign(words + 1, 0);
  // Calls visit(row, column, value) for the kept entries of the result's rows [from, to), ascending within
  // each row.
  const auto walk = [&](std::size_t from, std::size_t to, const auto& visit) {
    for (std::size_t a = 0; a < to; ++a) {
      if (a % 4096 == 0 && control.stopped()) return;
      const auto* begin = column.data() + row_start[a];
      const auto* end = column.data() + row_start[a + 1];
      // The mirrored entries (b, a): rows come in ascending order, so that columns do in each row of the
      // result.
      for (const auto* at = std::lower_bound(begin, end, std::max(from, a + 1)); at != end && *at < to;
           ++at) {
        const T v = value(*at, static_cast<std::uint32_t>(a), static_cast<std::size_t>(at - column.data()));
        if (keep(v)) visit(*at, static_cast<std::uint32_t>(a), v);
      }
      if (a < from) continue;
      for (const auto* at = begin; at != end; ++at) {
        const T v = value(static_cast<std::uint32_t>(a), *at, static_cast<std::size_t>(at - column.data()));
        if (keep(v)) visit(a, *at, v);
      }
    }
  };
  parallel_run(
      tasks, threads,
      [&](std::size_t task, unsigned) {
        walk(bound(task), bound(task + 1),
             [&](std::size_t row, std::uint32_t, const T&) { ++full.row_start[row + 1]; });
      },
      control);
  for (std::size_t a = 0; a < words; ++a) full.row_start[a + 1] += full.row_start[a];
  full.column.resize(static_cast<std::size_t>(full.row_start[words]));
  full.value.resize(full.column.size());
  std::vector<std::int64_t> place(full.row_start.begin(), full.row_start.end() - 1);
  parallel_run(
      tasks, threads,
      [&](std::size_t task, unsigned) {
        walk(bound(task), bound(task + 1), [&](std::size_t row, std::uint32_t b, const T& v) {
          const auto at = static_cast<std::size_t>(place[row]++);
          full.column[at] = b;
          full.value[at] = v;
        });
      },
      control);
  return full;
}

}  // namespace stochos::words
