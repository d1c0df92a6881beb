#include "words/spectral.hpp"

#include <algorithm>
#include <cmath>

#include "base/pool.hpp"
#include "kernels/blas.hpp"
#include "words/dense_block.hpp"

namespace stochos::words {
namespace {

constexpr std::size_t kRows = 512;  // rows of the sparse matrix made as one task

// max(PMI - shift, 0) without its zeros.
FullRows<float> positive_pmi(const PairData& data, double shift, unsigned threads, Control& control) {
  const PairMatrix& pairs = data.pairs;
  const std::size_t rows = data.words(), tasks = (rows + kRows - 1) / kRows;
  struct Part {
    std::vector<std::uint32_t> column;
    std::vector<float> value;
  };
  std::vector<Part> parts(tasks);
  FullRows<float> matrix;
  matrix.row_start.assign(rows + 1, 0);
  parallel_run(
      tasks, threads,
      [&](std::size_t task, unsigned) {
        Part& part = parts[task];
        const std::size_t last = std::min(rows, (task + 1) * kRows);
        for (std::size_t i = task * kRows; i < last && !control.stopped(); ++i) {
          for (auto k = static_cast<std::size_t>(pairs.row_start[i]);
               k < static_cast<std::size_t>(pairs.row_start[i + 1]); ++k) {
            const float value = data.pmi(i, pairs.column[k], pairs.value[k]) - static_cast<float>(shift);
            if (!(value > 0.0F)) continue;
            part.column.push_back(pairs.column[k]);
            part.value.push_back(value);
          }
          matrix.row_start[i + 1] =
              static_cast<std::int64_t>(part.column.size());  // within the task; made global below
        }
      },
      control);
  std::int64_t before = 0;
  for (std::size_t task = 0; task < tasks; ++task) {
    const std::size_t last = std::min(rows, (task + 1) * kRows);
    for (std::size_t i = task * kRows; i < last; ++i) matrix.row_start[i + 1] += before;
    before += static_cast<std::int64_t>(parts[task].column.size());
  }
  matrix.column.resize(static_cast<std::size_t>(before));
  matrix.value.resize(static_cast<std::size_t>(before));
  parallel_run(
      tasks, threads,
      [&](std::size_t task, unsigned) {
        const auto at = matrix.row_start[task * kRows];
        std::copy(parts[task].column.begin(), parts[task].column.end(), matrix.column.begin() + at);
        std::copy(parts[task].value.begin(), parts[task].value.end(), matrix.value.begin() + at);
        parts[task] = Part{};
      },
      control);
  return matrix;
}

// An orthonormal block near the leading eigenvectors. For a large vocabulary most of the way is gone on the
// matrix of the first words alone (the frequent ones: a tenth of the words, a seventh of the entries), then
// carried over to all words by one product with the columns of those words (Nystroem's extension).
DenseBlock good_start(const FullRows<float>& matrix, std::size_t rows, std::size_t width,
                      const SpectralSettings& settings, Control& control) {
  constexpr std::size_t kCore = 4000, kRounds = 6;
  DenseBlock basis(rows, width, settings.threads, control), image(rows, width, settings.threads, control);
  const bool in_two_steps = rows >= 2 * kCore && width < kCore;
  const std::size_t core = in_two_steps ? kCore : rows;
  const std::span<const std::int64_t> full_end(matrix.row_start.data() + 1, rows);
  std::vector<std::int64_t> core_end;
  if (in_two_steps) {
    core_end.resize(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto first = matrix.column.begin() + matrix.row_start[i],
                 last = matrix.column.begin() + matrix.row_start[i + 1];
      core_end[i] = std::lower_bound(first, last, static_cast<std::uint32_t>(core)) - matrix.column.begin();
    }
  }
  const std::span<const std::int64_t> row_end =
      in_two_steps ? std::span<const std::int64_t>(core_end) : full_end;
  basis.set_rows(core);
  image.set_rows(core);
  basis.fill_normal(settings.seed);
  basis.orthonormalise(image);
  for (std::size_t k = 0; k < kRounds; ++k) {
    basis.apply(matrix, row_end, core, image);
    image.orthonormalise(basis);
    basis.swap(image);
  }
  if (in_two_steps) {
    basis.set_rows(rows);
    image.set_rows(rows);
    basis.apply(matrix, row_end, rows, image);
    image.orthonormalise(basis);
    basis.swap(image);
  }
  return basis;
}

}  // namespace

SpectralFit fit_spectral(const PairData& data, const SpectralSettings& settings, Control& control) {
  const std::size_t rows = data.words(), d = settings.dimension;
  const std::size_t width = (std::min(rows, d + settings.oversampling) + 15) / 16 * 16;
  control.start(0);  // the products differ too much in cost for an honest total
  const FullRows<float> matrix = positive_pmi(data, settings.shift, settings.threads, control);
  const std::span<const std::int64_t> row_end(matrix.row_start.data() + 1, rows);
  DenseBlock basis = good_start(matrix, rows, width, settings, control);
  DenseBlock image(rows, width, settings.threads, control);
  for (std::size_t k = 0; k + 1 < settings.products; ++k) {
    basis.apply(matrix, row_end, rows, image);
    image.orthonormalise(basis);
    basis.swap(image);
  }
  basis.apply(matrix, row_end, rows, image);
  std::vector<double> projected = basis.inner(image), values(width);
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      projected[i * width + j] = projected[j * width + i] =
          0.5 * (projected[i * width + j] + projected[j * width + i]);
    }
  }
  blas::symmetric_eigen(width, projected.data(), values.data(), "words.fit");

  SpectralFit fit{std::vector<float>(rows * d), std::vector<double>(d, 0.0)};
  // Ritz vectors through the image M Q s / lambda: one more power step for free.
  std::vector<float> map(width * d, 0.0F);
  const double floor = 1e-6 * std::max(values.back(), 0.0);
  for (std::size_t j = 0; j < std::min(d, width); ++j) {
    const std::size_t from = width - 1 - j;
    if (!(values[from] > floor)) break;
    fit.eigenvalues[j] = values[from];
    const double scale = std::pow(values[from], settings.power - 1.0);
    for (std::size_t i = 0; i < width; ++i)
      map[i * d + j] = static_cast<float>(projected[i * width + from] * scale);
  }
  image.times(map, d, fit.vectors.data());
  return fit;
}

}  // namespace stochos::words
