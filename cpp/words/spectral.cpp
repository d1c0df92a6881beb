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
SparseMatrix positive_pmi(const PairData& data, double shift, unsigned threads, Control& control) {
  const PairMatrix& pairs = data.pairs;
  const std::size_t rows = pairs.words(), tasks = (rows + kRows - 1) / kRows;
  struct Part {
    std::vector<std::uint32_t> column;
    std::vector<float> value;
  };
  std::vector<Part> parts(tasks);
  SparseMatrix matrix;
  matrix.row_start.assign(rows + 1, 0);
  parallel_run(tasks, threads, [&](std::size_t task, unsigned) {
    Part& part = parts[task];
    const std::size_t last = std::min(rows, (task + 1) * kRows);
    for (std::size_t i = task * kRows; i < last && !control.stopped(); ++i) {
      for (auto k = static_cast<std::size_t>(pairs.row_start[i]); k < static_cast<std::size_t>(pairs.row_start[i + 1]); ++k) {
        const float value = data.pmi(i, pairs.column[k], pairs.count[k]) - static_cast<float>(shift);
        if (!(value > 0.0F)) continue;
        part.column.push_back(pairs.column[k]);
        part.value.push_back(value);
      }
      matrix.row_start[i + 1] = static_cast<std::int64_t>(part.column.size());  // within the task; made global below
    }
  }, control);
  std::int64_t before = 0;
  for (std::size_t task = 0; task < tasks; ++task) {
    const std::size_t last = std::min(rows, (task + 1) * kRows);
    for (std::size_t i = task * kRows; i < last; ++i) matrix.row_start[i + 1] += before;
    before += static_cast<std::int64_t>(parts[task].column.size());
  }
  matrix.column.resize(static_cast<std::size_t>(before));
  matrix.value.resize(static_cast<std::size_t>(before));
  parallel_run(tasks, threads, [&](std::size_t task, unsigned) {
    const auto at = matrix.row_start[task * kRows];
    std::copy(parts[task].column.begin(), parts[task].column.end(), matrix.column.begin() + at);
    std::copy(parts[task].value.begin(), parts[task].value.end(), matrix.value.begin() + at);
    parts[task] = Part{};
  }, control);
  return matrix;
}

}  // namespace

SpectralFit fit_spectral(const PairData& data, const SpectralSettings& settings, Control& control) {
  const std::size_t rows = data.pairs.words(), d = settings.dimension;
  const std::size_t width = (std::min(rows, d + settings.oversampling) + 15) / 16 * 16;
  control.start(rows * settings.products);
  const SparseMatrix matrix = positive_pmi(data, settings.shift, settings.threads, control);
  DenseBlock basis(rows, width, settings.threads, control), image(rows, width, settings.threads, control);
  basis.fill_normal(settings.seed);
  basis.orthonormalise(image);
  for (std::size_t k = 0; k + 1 < settings.products; ++k) {
    basis.apply(matrix, image);
    image.orthonormalise(basis);
    basis.swap(image);
  }
  basis.apply(matrix, image);
  std::vector<double> projected = basis.inner(image), values(width);
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      projected[i * width + j] = projected[j * width + i] = 0.5 * (projected[i * width + j] + projected[j * width + i]);
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
    for (std::size_t i = 0; i < width; ++i) map[i * d + j] = static_cast<float>(projected[i * width + from] * scale);
  }
  image.times(map, d, fit.vectors.data());
  return fit;
}

}  // namespace stochos::words
