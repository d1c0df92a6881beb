#include <algorithm>
#include <limits>
#include <mutex>

#include "base/pool.hpp"
#include "kernels/blas.hpp"
#include "words/queries.hpp"

namespace stochos::words {
namespace {

// Candidate rows of one task: the cosines of a thousand distinct words with them stay in the cache of one
// core.
constexpr std::size_t kBlock = 256;
constexpr std::size_t kWords = 1024;  // distinct words per matrix product
constexpr std::size_t kWide = 8;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

struct Answer {
  float score = kNothing;
  std::uint32_t row = kNoRow;
  bool worse_than(const Answer& o) const noexcept {
    return o.score > score || (o.score == score && o.row < row);
  }
};

void combine(const float* a, const float* b, const float* c, AnalogyMethod method, float epsilon,
             float* out) noexcept {
  if (method == AnalogyMethod::add) {
    for (std::size_t j = 0; j < kBlock; ++j) out[j] = (b[j] - a[j]) + c[j];
  } else {
    for (std::size_t j = 0; j < kBlock; ++j) {
      out[j] = (0.5F * (1 + b[j])) * (0.5F * (1 + c[j])) / (0.5F * (1 + a[j]) + epsilon);
    }
  }
}

float largest(const float* values) noexcept {
  float lanes[kWide];
  std::copy(values, values + kWide, lanes);
  for (std::size_t j = kWide; j < kBlock; j += kWide) {
    for (std::size_t l = 0; l < kWide; ++l) lanes[l] = values[j + l] > lanes[l] ? values[j + l] : lanes[l];
  }
  return *std::max_element(lanes, lanes + kWide);
}

}  // namespace

std::vector<std::uint32_t> answer_analogies(Matrix matrix, std::span<const float> inverse_norms,
                                            std::span<const std::uint32_t> words,
                                            std::span<const std::uint32_t> questions,
                                            std::span<const std::uint8_t> mask, AnalogyMethod method,
                                            double epsilon, unsigned threads, Control& control) {
  const std::size_t d = matrix.dim, count = questions.size() / 3;
  std::vector<float> unit(words.size() * d);
  for (std::size_t u = 0; u < words.size(); ++u) {
    for (std::size_t j = 0; j < d; ++j) unit[u * d + j] = matrix.row(words[u])[j] * inverse_norms[words[u]];
  }
  std::vector<Answer> answers(count);
  std::mutex mutex;
  const auto task = [&](std::size_t block, unsigned) {
    const std::size_t first = block * kBlock, n = std::min(kBlock, matrix.rows - first);
    std::vector<float> candidates(kBlock * d, 0.0F), cosines(words.size() * kBlock), values(kBlock);
    std::vector<float> bar(kBlock, kNothing);  // added to the scores: rows past the end or masked never win
    for (std::size_t i = 0; i < n; ++i) {
      const float scale = inverse_norms[first + i];
      for (std::size_t j = 0; j < d; ++j) candidates[i * d + j] = matrix.row(first + i)[j] * scale;
      if (mask.empty() || mask[first + i] != 0) bar[i] = 0;
    }
    for (std::size_t u = 0; u < words.size(); u += kWords) {
      const std::size_t m = std::min(kWords, words.size() - u);
      blas::gemm(false, true, m, kBlock, d, 1.0F, &unit[u * d], d, candidates.data(), d, 0.0F,
                 &cosines[u * kBlock], kBlock);
    }
    std::vector<Answer> own(count);
    for (std::size_t q = 0; q < count && !control.stopped(); ++q) {
      const std::uint32_t* abc = &questions[3 * q];
      combine(&cosines[abc[0] * kBlock], &cosines[abc[1] * kBlock], &cosines[abc[2] * kBlock], method,
              static_cast<float>(epsilon), values.data());
      for (std::size_t j = 0; j < kBlock; ++j) values[j] += bar[j];
      for (std::size_t w = 0; w < 3; ++w) {
        const std::size_t row = words[abc[w]];
        if (row >= first && row < first + n) values[row - first] = kNothing;
      }
      const float score = largest(values.data());
      if (score == kNothing) continue;
      const auto place = std::find(values.begin(), values.end(), score) - values.begin();
      own[q] = {score, static_cast<std::uint32_t>(first + static_cast<std::size_t>(place))};
    }
    const std::scoped_lock lock(mutex);
    for (std::size_t q = 0; q < count; ++q) {
      if (answers[q].worse_than(own[q])) answers[q] = own[q];
    }
    control.advance(1);
  };
  control.start((matrix.rows + kBlock - 1) / kBlock);
  parallel_run((matrix.rows + kBlock - 1) / kBlock, threads, task, control);
  std::vector<std::uint32_t> rows(count);
  std::transform(answers.begin(), answers.end(), rows.begin(), [](const Answer& a) { return a.row; });
  return rows;
}

}  // namespace stochos::words
