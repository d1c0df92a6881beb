#include "words/queries.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/pool.hpp"
#include "kernels/blas.hpp"
#include "kernels/table.hpp"

namespace stochos::words {
namespace {

constexpr std::size_t kBlock = 2048;  // rows of one task
constexpr std::size_t kStep = 256;    // scores that wait together for the selection
// Multiply-adds, some 1 ms on one core: below, waking workers costs more than it brings.
constexpr std::size_t kParallelWork = std::size_t{1} << 22;
// Some 20 ms: below, one thread needs no other to stay open to Ctrl-C.
constexpr std::size_t kInlineWork = std::size_t{1} << 26;
constexpr double kSmallestNorm = 1e-37;  // its inverse is still finite in float

// Runs block(first, last, number) over the rows: here when the work is small, else on the pool.
void by_blocks(std::size_t rows, std::size_t work, unsigned threads, Control& control,
               const std::function<void(std::size_t, std::size_t, std::size_t)>& block) {
  const std::size_t blocks = (rows + kBlock - 1) / kBlock;
  const auto run = [&](std::size_t b) { block(b * kBlock, std::min(rows, (b + 1) * kBlock), b); };
  if (work < (threads == 1 ? kInlineWork : kParallelWork)) {
    for (std::size_t b = 0; b < blocks; ++b) run(b);
  } else {
    parallel_run(blocks, threads, [&](std::size_t b, unsigned) { run(b); }, control);
  }
}

// Keeps the k best of a stream of (score, row). Twice as many are gathered before a selection throws half
// away, so that each costs O(1) on average whatever k is.
class Selection {
 public:
  explicit Selection(std::size_t k) : k_(k) {}
  void offer(float score, std::uint32_t index) {
    if (k_ == 0 || (full_ && !better({score, index}, worst_))) return;
    kept_.push_back({score, index});
    if (kept_.size() >= 2 * k_ + 16) cut();
  }
  void merge(const Selection& other) {
    for (const Item& item : other.kept_) offer(item.score, item.index);
  }
  Ranked result() {
    cut();
    std::sort(kept_.begin(), kept_.end(), better);
    Ranked out;
    for (const Item& item : kept_) {
      out.index.push_back(item.index);
      out.score.push_back(item.score);
    }
    return out;
  }

 private:
  struct Item {
    float score;
    std::uint32_t index;
  };
  static bool better(const Item& a, const Item& b) noexcept {
    return a.score > b.score || (a.score == b.score && a.index < b.index);
  }
  void cut() {
    if (kept_.size() <= k_) return;
    const auto last = kept_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(kept_.begin(), last, kept_.end(), better);
    worst_ = *last;
    kept_.resize(k_);
    full_ = true;
  }

  std::size_t k_;
  bool full_ = false;
  Item worst_{0, 0};
  std::vector<Item> kept_;
};

}  // namespace

float inverse_norm(double norm) noexcept {
  return norm >= kSmallestNorm ? static_cast<float>(1.0 / norm) : 0.0F;
}

std::vector<float> row_norms(Matrix matrix, unsigned threads, Control& control) {
  std::vector<float> norms(matrix.rows);
  const auto block = [&](std::size_t first, std::size_t last, std::size_t) {
    for (std::size_t i = first; i < last; ++i) {
      const float* v = matrix.row(i);
      double total[4] = {0, 0, 0, 0};
      std::size_t j = 0;
      for (; j + 4 <= matrix.dim; j += 4) {
        for (std::size_t l = 0; l < 4; ++l) total[l] += static_cast<double>(v[j + l]) * v[j + l];
      }
      for (; j < matrix.dim; ++j) total[0] += static_cast<double>(v[j]) * v[j];
      norms[i] = static_cast<float>(std::sqrt(total[0] + total[1] + total[2] + total[3]));
    }
  };
  by_blocks(matrix.rows, matrix.rows * matrix.dim, threads, control, block);
  return norms;
}

std::vector<float> row_scores(Matrix matrix, std::span<const float> query, unsigned threads,
                              Control& control) {
  std::vector<float> scores(matrix.rows);
  const auto dots = kernels::table().dots;
  const auto block = [&](std::size_t first, std::size_t last, std::size_t) {
    dots(matrix.row(first), last - first, matrix.dim, query.data(), &scores[first]);
  };
  by_blocks(matrix.rows, matrix.rows * matrix.dim, threads, control, block);
  return scores;
}

Ranked best(std::span<const float> scores, std::span<const std::uint8_t> mask, std::size_t k) {
  Selection selection(std::min(k, scores.size()));
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (mask.empty() || mask[i] != 0) selection.offer(scores[i], static_cast<std::uint32_t>(i));
  }
  return selection.result();
}

Ranked best_rows(Matrix matrix, std::span<const float> query, std::span<const float> scale,
                 std::span<const std::uint8_t> mask, std::size_t k, unsigned threads, Control& control) {
  k = std::min(k, matrix.rows);
  const auto dots = kernels::table().dots;
  std::vector<Selection> selections((matrix.rows + kBlock - 1) / kBlock, Selection(k));
  const auto block = [&](std::size_t first, std::size_t last, std::size_t b) {
    Selection own(k);
    float scores[kStep];
    for (std::size_t start = first; start < last; start += kStep) {
      const std::size_t n = std::min(kStep, last - start);
      dots(matrix.row(start), n, matrix.dim, query.data(), scores);
      if (!scale.empty()) {
        for (std::size_t i = 0; i < n; ++i) scores[i] *= scale[start + i];
      }
      for (std::size_t i = 0; i < n; ++i) {
        if (!mask.empty() && mask[start + i] == 0) continue;
        own.offer(scores[i], static_cast<std::uint32_t>(start + i));
      }
    }
    selections[b] = std::move(own);
  };
  by_blocks(matrix.rows, matrix.rows * matrix.dim, threads, control, block);
  Selection all(k);
  for (const Selection& selection : selections) all.merge(selection);
  return all.result();
}

Correlation profile_correlation(Matrix matrix, std::span<const std::uint32_t> context, unsigned threads,
                                Control& control) {
  const std::size_t d = matrix.dim;
  Correlation out{std::vector<double>(d * d, 0.0), std::vector<float>(matrix.rows)};
  std::vector<double> mean(d, 0.0), rows(kBlock * d);
  for (const std::uint32_t i : context) {
    for (std::size_t j = 0; j < d; ++j) mean[j] += matrix.row(i)[j];
  }
  for (double& m : mean) m /= static_cast<double>(context.size());
  for (std::size_t first = 0; first < context.size(); first += kBlock) {
    const std::size_t n = std::min(kBlock, context.size() - first);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < d; ++j) rows[i * d + j] = matrix.row(context[first + i])[j] - mean[j];
    }
    blas::gemm(true, false, d, d, n, 1.0, rows.data(), d, rows.data(), d, 1.0, out.covariance.data(), d);
    control.poll();
  }
  // A correlation does not know the scale of C; with trace 1 nothing below leaves the range of float.
  double trace = 0;
  for (std::size_t j = 0; j < d; ++j) trace += out.covariance[j * d + j];
  if (trace > 0) {
    for (double& c : out.covariance) c /= trace;
  }
  const auto block = [&](std::size_t first, std::size_t last, std::size_t) {
    const std::size_t n = last - first;
    std::vector<double> from(matrix.row(first), matrix.row(first) + n * d), to(n * d);
    blas::gemm(false, false, n, d, d, 1.0, from.data(), d, out.covariance.data(), d, 0.0, to.data(), d);
    for (std::size_t i = 0; i < n; ++i) {
      const double square = std::inner_product(&from[i * d], &from[i * d] + d, &to[i * d], 0.0);
      out.inverse_norm[first + i] = inverse_norm(std::sqrt(std::max(0.0, square)));
    }
  };
  by_blocks(matrix.rows, matrix.rows * d * d, threads, control, block);
  return out;
}

}  // namespace stochos::words
