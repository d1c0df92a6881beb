#include "words/pair_matrix.hpp"

#include <algorithm>

#include "base/pool.hpp"

namespace stochos::words {

PairMatrix make_pair_matrix(std::span<const std::int64_t> row_start, std::span<const std::uint32_t> column,
                            std::span<const std::uint64_t> value, double unit, unsigned threads,
                            Control& control) {
  const std::size_t rows = row_start.size() - 1;
  PairMatrix full;
  full.row_start.assign(rows + 1, 0);
  // A task owns a range of rows of the result. It walks the triangle from the top: what smaller words say of
  // its rows comes first and in order, then each row's own entries, so that columns come out ascending
  // without a sort.
  constexpr std::size_t kTasks = 64;
  const auto walk = [&](std::size_t task, auto&& put) {
    const std::size_t low = rows * task / kTasks, high = rows * (task + 1) / kTasks;
    for (std::size_t i = 0; i < high && !control.stopped(); ++i) {
      const std::uint32_t* const first = column.data() + row_start[i];
      const std::uint32_t* const last = column.data() + row_start[i + 1];
      const auto from = static_cast<std::uint32_t>(std::max(low, i + 1)),
                 to = static_cast<std::uint32_t>(high);
      for (const std::uint32_t* at = std::lower_bound(first, last, from); at != last && *at < to; ++at)
        put(*at, i, at - column.data());
      if (i < low) continue;
      for (const std::uint32_t* at = first; at != last; ++at) put(i, *at, at - column.data());
    }
  };
  parallel_run(
      kTasks, threads,
      [&](std::size_t task, unsigned) {
        walk(task, [&](std::size_t row, std::size_t, std::ptrdiff_t) { ++full.row_start[row + 1]; });
      },
      control);
  for (std::size_t i = 0; i < rows; ++i) full.row_start[i + 1] += full.row_start[i];
  full.column.resize(static_cast<std::size_t>(full.row_start[rows]));
  full.count.resize(full.column.size());
  std::vector<std::int64_t> next(full.row_start.begin(), full.row_start.end() - 1);
  parallel_run(
      kTasks, threads,
      [&](std::size_t task, unsigned) {
        walk(task, [&](std::size_t row, std::size_t other, std::ptrdiff_t k) {
          const auto at = static_cast<std::size_t>(next[row]++);
          full.column[at] = static_cast<std::uint32_t>(other);
          const double x = static_cast<double>(value[static_cast<std::size_t>(k)]) / unit;
          full.count[at] = static_cast<float>(row == other ? 2.0 * x : x);
        });
      },
      control);
  return full;
}

}  // namespace stochos::words
