#include "words/dense_block.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/pool.hpp"
#include "kernels/blas.hpp"
#include "kernels/table.hpp"
#include "random/stream.hpp"

namespace stochos::words {
namespace {
constexpr std::size_t kSlice = 1024;  // rows handled as one task
}

template <class Work>
void DenseBlock::each_slice(Work&& work) const {
  parallel_run(
      (rows_ + kSlice - 1) / kSlice, threads_,
      [&](std::size_t slice, unsigned) { work(slice * kSlice, std::min(rows_, (slice + 1) * kSlice)); },
      control_);
}

void DenseBlock::fill_normal(std::uint64_t seed) {
  // Box-Muller on Philox: one block of four words for two numbers.
  const random::Key key = random::stream_key(seed, random::Purpose::subspace);
  each_slice([&](std::size_t first, std::size_t last) {
    for (std::size_t k = first * width_; k < last * width_; k += 2) {
      const random::Block bits = random::draw(key, k / 2, 0);
      const double radius = std::sqrt(-2.0 * std::log(random::uniform_open(bits[0], bits[1])));
      const double angle = 2.0 * std::numbers::pi * random::uniform_open(bits[2], bits[3]);
      data_[k] = static_cast<float>(radius * std::cos(angle));
      data_[k + 1] = static_cast<float>(radius * std::sin(angle));
    }
  });
}

std::vector<double> DenseBlock::inner(const DenseBlock& other) const {
  const std::size_t slices = (rows_ + kSlice - 1) / kSlice, square = width_ * width_;
  // Few enough partial sums to keep, each over every kParts-th slice, added up in order.
  constexpr std::size_t kParts = 16;
  std::vector<std::vector<double>> partial(std::min(kParts, slices), std::vector<double>(square, 0.0));
  parallel_run(
      partial.size(), threads_,
      [&](std::size_t part, unsigned) {
        std::vector<float> product(square);
        for (std::size_t slice = part; slice < slices && !control_.stopped(); slice += partial.size()) {
          const std::size_t first = slice * kSlice, n = std::min(kSlice, rows_ - first);
          blas::gemm(true, false, width_, width_, n, 1.0F, row(first), width_, other.row(first), width_, 0.0F,
                     product.data(), width_);
          for (std::size_t k = 0; k < square; ++k) partial[part][k] += static_cast<double>(product[k]);
        }
      },
      control_);
  for (std::size_t part = 1; part < partial.size(); ++part) {
    for (std::size_t k = 0; k < square; ++k) partial[0][k] += partial[part][k];
  }
  return partial.empty() ? std::vector<double>(square, 0.0) : std::move(partial[0]);
}

void DenseBlock::times(std::span<const float> small, std::size_t columns, float* out) const {
  each_slice([&](std::size_t first, std::size_t last) {
    blas::gemm(false, false, last - first, columns, width_, 1.0F, row(first), width_, small.data(), columns,
               0.0F, out + first * columns, columns);
  });
}

void DenseBlock::orthonormalise(DenseBlock& scratch) {
  // Through the eigenvectors of the Gram matrix; twice, since squaring costs half the digits.
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<double> gram = inner(*this), values(width_);
    blas::symmetric_eigen(width_, gram.data(), values.data(), "words.fit");
    std::vector<float> map(width_ * width_);
    for (std::size_t j = 0; j < width_; ++j) {
      const double scale = values[j] > 1e-9 * values.back() ? 1.0 / std::sqrt(values[j]) : 0.0;
      for (std::size_t i = 0; i < width_; ++i)
        map[i * width_ + j] = static_cast<float>(gram[i * width_ + j] * scale);
    }
    times(map, width_, scratch.data());
    swap(scratch);
  }
}

void DenseBlock::apply(const FullRows<float>& matrix, std::span<const std::int64_t> row_end, std::size_t rows,
                       DenseBlock& out) const {
  const kernels::Table& table = kernels::table();
  constexpr std::size_t kRows = 64;  // small tasks: rows of frequent words hold most of the entries
  parallel_run((rows + kRows - 1) / kRows, threads_,
               [&](std::size_t task, unsigned) {
                 const std::size_t first = task * kRows, last = std::min(rows, first + kRows);
                 table.spmm(matrix.row_start.data(), row_end.data(), matrix.column.data(),
                            matrix.value.data(), data_.data(), out.data(), first, last, width_);
                 control_.advance(last - first);
               },
               control_);
}

}  // namespace stochos::words
