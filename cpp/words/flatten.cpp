#include "words/flatten.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/blas.hpp"
#include "random/stream.hpp"
#include "words/dense_block.hpp"

namespace stochos::words {

std::vector<float> flatten(std::span<const float> matrix, std::size_t dimension, double q, unsigned threads,
                           Control& control) {
  const std::size_t d = dimension, rows = matrix.size() / d;
  std::vector<float> out(matrix.size());
  DenseBlock block(rows, d, threads, control);
  std::copy(matrix.begin(), matrix.end(), block.data());
  std::vector<double> gram = block.inner(block), squares(d);
  blas::symmetric_eigen(d, gram.data(), squares.data(), "words.fit");
  const double floor = 1e-12 * std::max(squares.back(), 0.0);
  std::vector<double> scale(d, 0.0);
  double before = 0.0, after = 0.0;
  for (std::size_t k = 0; k < d; ++k) {
    if (!(squares[k] > floor)) continue;
    scale[k] = std::pow(squares[k], -q / 2);
    before += squares[k];
    after += squares[k] * scale[k] * scale[k];
  }
  const double keep = after > 0.0 ? std::sqrt(before / after) : 0.0;
  std::vector<double> scaled(d * d), product(d * d);
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t k = 0; k < d; ++k) scaled[i * d + k] = gram[i * d + k] * scale[k] * keep;
  }
  blas::gemm(false, true, d, d, d, 1.0, scaled.data(), d, gram.data(), d, 0.0, product.data(), d);
  const std::vector<float> map(product.begin(), product.end());
  block.times(map, d, out.data());
  return out;
}

std::vector<float> random_vectors(std::size_t words, std::size_t dimension, std::uint64_t seed) {
  const random::Key key = random::stream_key(seed, random::Purpose::start_vectors);
  std::vector<float> out(words * dimension);
  for (std::size_t k = 0; k < out.size(); k += 4) {
    const random::Block bits = random::draw(key, k / 4, 0);
    for (std::size_t j = 0; j < 4 && k + j < out.size(); ++j) {
      out[k + j] = (random::uniform_float(bits[j]) - 0.5F) / static_cast<float>(dimension);
    }
  }
  return out;
}

}  // namespace stochos::words
