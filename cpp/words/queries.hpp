// Questions to a matrix of word vectors: nearest rows, norms, correlation of PMI profiles, analogies.
//
// A matrix is row-major, `rows` x `dim`, finite. Every answer is a function of the arguments alone: the work
// is cut in blocks of a fixed size, and equal scores are ordered by row, so the number of threads never
// shows.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/control.hpp"

namespace stochos::words {

struct Matrix {
  const float* data = nullptr;
  std::size_t rows = 0, dim = 0;
  const float* row(std::size_t i) const noexcept { return data + i * dim; }
};

struct Ranked {
  std::vector<std::uint32_t> index;
  std::vector<float> score;  // descending; equal scores by ascending index
};

// Euclidean norms, summed in double. A row that is not finite gives a norm that is not finite.
std::vector<float> row_norms(Matrix matrix, unsigned threads, Control& control);

// 1 / norm, and 0 for norms so small that the inverse would overflow: such rows count as zero vectors.
float inverse_norm(double norm) noexcept;

// scores[i] = <row i, query>.
std::vector<float> row_scores(Matrix matrix, std::span<const float> query, unsigned threads,
                              Control& control);

// The k best of scores[i] among the rows with mask[i] != 0 (an empty mask allows all). `scores` holds no NaN.
Ranked best(std::span<const float> scores, std::span<const std::uint8_t> mask, std::size_t k);

// The k best of <row i, query> * scale[i] (an empty scale is 1 everywhere), without the array of all scores.
Ranked best_rows(Matrix matrix, std::span<const float> query, std::span<const float> scale,
                 std::span<const std::uint8_t> mask, std::size_t k, unsigned threads, Control& control);

struct Correlation {
  std::vector<double>
      covariance;  // dim x dim: C = sum over the context rows of (v - mean)(v - mean)^T, to trace 1
  std::vector<float> inverse_norm;  // per row of the matrix: 1 / sqrt(v C v^T)
};

// The transform of the article: rows i and j have PMI profiles <v_i, v_k> over the context rows k, and the
// Pearson correlation of two profiles is v_i C v_j / sqrt(v_i C v_i * v_j C v_j). With C = U U^T this is the
// cosine of v_i U and v_j U; U itself is never needed.
Correlation profile_correlation(Matrix matrix, std::span<const std::uint32_t> context, unsigned threads,
                                Control& control);

enum class AnalogyMethod { add, multiply };

// For each question (a, b, c), places in `words`: the row d, none of the three, with the largest
//   add:      cos(d, b) - cos(d, a) + cos(d, c)
//   multiply: (1 + cos(d, b))/2 * (1 + cos(d, c))/2 / ((1 + cos(d, a))/2 + epsilon)
// among the rows with mask[d] != 0; kNoRow when none is left. The cosines of the distinct words with a block
// of rows are one matrix product that all questions share: several times less work than a product per
// question.
inline constexpr std::uint32_t kNoRow = 0xFFFFFFFF;
std::vector<std::uint32_t> answer_analogies(Matrix matrix, std::span<const float> inverse_norms,
                                            std::span<const std::uint32_t> words,
                                            std::span<const std::uint32_t> questions,
                                            std::span<const std::uint8_t> mask, AnalogyMethod method,
                                            double epsilon, unsigned threads, Control& control);

}  // namespace stochos::words
