#include "words/pmi.hpp"

#include <cmath>

#include "base/error.hpp"

namespace stochos::words {
namespace {

class Pmi {
 public:
  Pmi(const UpperView& upper, std::span<const double> log_row, std::span<const double> log_column,
      const PmiOptions& options)
      : upper_(upper), log_row_(log_row), log_column_(log_column), options_(options) {
    if (log_row.size() != upper.words() || log_column.size() != upper.words()) {
      throw Error(ErrorKind::value, "words.Counts.pmi_matrix", "one log probability is needed for each word");
    }
    // Most counts are small, and their logarithms are asked for millions of times.
    for (std::size_t v = 1; v < log_of_.size(); ++v)
      log_of_[v] = std::log(static_cast<double>(v) / options_.unit);
  }

  double operator()(std::uint32_t a, std::uint32_t b, std::size_t k) const {
    const std::uint64_t units = upper_.value[k];
    double log_x =
        units < log_of_.size() ? log_of_[units] : std::log(static_cast<double>(units) / options_.unit);
    if (a == b) log_x = std::log(2.0 * static_cast<double>(units) / options_.unit);
    const double log_pair = log_x - options_.log_total;
    const double value = log_pair - (log_row_[a] + log_column_[b]) - options_.shift;
    if (!options_.npmi) return value;
    return log_pair < 0 ? value / -log_pair : 1.0;  // the only pair there is
  }

 private:
  const UpperView& upper_;
  std::span<const double> log_row_, log_column_;
  PmiOptions options_;
  std::vector<double> log_of_ = std::vector<double>(4096);
};

}  // namespace

std::vector<double> pmi_values(const UpperView& upper, std::span<const double> log_row,
                               std::span<const double> log_column, const PmiOptions& options,
                               unsigned threads, Control& control) {
  const Pmi pmi(upper, log_row, log_column, options);
  std::vector<double> values(upper.column.size());
  const std::size_t words = upper.words(), rows_per_task = std::max<std::size_t>(words / 256, 64);
  parallel_run((words + rows_per_task - 1) / rows_per_task, threads,
               [&](std::size_t task, unsigned) {
                 const std::size_t end = std::min(words, (task + 1) * rows_per_task);
                 for (std::size_t a = task * rows_per_task; a < end; ++a) {
                   for (auto k = static_cast<std::size_t>(upper.row_start[a]);
                        k < static_cast<std::size_t>(upper.row_start[a + 1]); ++k) {
                     values[k] = pmi(static_cast<std::uint32_t>(a), upper.column[k], k);
                   }
                 }
               },
               control);
  return values;
}

FullRows<double> pmi_matrix(const UpperView& upper, std::span<const double> log_row,
                            std::span<const double> log_column, const PmiOptions& options, bool positive,
                            unsigned threads, Control& control) {
  const Pmi pmi(upper, log_row, log_column, options);
  if (positive)
    return expand<double>(upper.row_start, upper.column, threads, control, pmi,
                          [](double v) { return v > 0; });
  return expand<double>(upper.row_start, upper.column, threads, control, pmi, [](double) { return true; });
}

}  // namespace stochos::words
