// Pointwise mutual information of counted pairs.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "words/symmetric.hpp"

namespace stochos::words {

struct PmiOptions {
  double unit = 1;       // counts are multiples of 1/unit
  double log_total = 0;  // log of the sum of the full matrix
  double shift = 0;      // subtracted
  bool npmi = false;     // divided by -log P(a,b)
};

// log X[a,b] - log_total - log_row[a] - log_column[b] - shift for the upper entries, in their order.
std::vector<double> pmi_values(const UpperView& upper, std::span<const double> log_row,
                               std::span<const double> log_column, const PmiOptions& options,
                               unsigned threads, Control& control);

// The same for the full matrix, which is not symmetric when log_row and log_column differ; with `positive`
// only the entries above 0.
FullRows<double> pmi_matrix(const UpperView& upper, std::span<const double> log_row,
                            std::span<const double> log_column, const PmiOptions& options, bool positive,
                            unsigned threads, Control& control);

}  // namespace stochos::words
