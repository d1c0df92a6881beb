// A tall dense matrix handled by slices of rows: products, orthonormal bases. Every sum is taken in one fixed
// order, so that results do not depend on threads.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/control.hpp"
#include "words/symmetric.hpp"

namespace stochos::words {

class DenseBlock {
 public:
  DenseBlock(std::size_t rows, std::size_t width, unsigned threads, Control& control)
      : rows_(rows), width_(width), threads_(threads), control_(control), data_(rows * width) {}
  void set_rows(std::size_t rows) {
    rows_ = rows;
  }  // work on the first rows only; at most what it was made with
  float* data() { return data_.data(); }
  void swap(DenseBlock& other) { data_.swap(other.data_); }
  // Independent standard normal numbers; an even width.
  void fill_normal(std::uint64_t seed);
  // This^T other, width x width.
  std::vector<double> inner(const DenseBlock& other) const;
  // This times a small matrix (width x columns) into `out`, `columns` floats a row.
  void times(std::span<const float> small, std::size_t columns, float* out) const;
  // Orthonormal columns with the same span; directions beyond the rank become zero columns.
  void orthonormalise(DenseBlock& scratch);
  // First `rows` rows of out = (matrix with row i cut at row_end[i]) * this; the width is a multiple of 16.
  void apply(const FullRows<float>& matrix, std::span<const std::int64_t> row_end, std::size_t rows,
             DenseBlock& out) const;

 private:
  const float* row(std::size_t i) const { return data_.data() + i * width_; }
  template <class Work>
  void each_slice(Work&& work) const;

  std::size_t rows_, width_;
  unsigned threads_;
  Control& control_;
  std::vector<float> data_;
};

}  // namespace stochos::words
