#include "words/sgd.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/table.hpp"
#include "random/stream.hpp"
#include "words/tournament.hpp"

namespace stochos::words {
namespace {

constexpr std::size_t kLaneFloats = 16;  // widest vector register, in floats

}  // namespace

void check_converges(const kernels::SgdLoss& loss, std::size_t records, const EpochSettings& settings) {
  // PMI lies within the logarithm of the corpus, so a mean squared error of a million is far beyond any
  // start.
  constexpr double kDiverged = 1e6;
  if (loss.observed <= kDiverged * static_cast<double>(records) && std::isfinite(loss.zeros)) return;
  throw Error(ErrorKind::convergence, "words.fit",
              "diverged in epoch " + std::to_string(settings.epoch + 1) + " at rate " +
                  std::to_string(settings.rate) + ": the loss is out of all bounds; give a smaller rate");
}

SgdProblem::SgdProblem(const PairData& data, std::size_t dimension, const Weighting& weighting,
                       unsigned threads, Control& control)
    : stripes_(data.words()),
      dimension_(dimension),
      stride_((dimension + kLaneFloats - 1) / kLaneFloats * kLaneFloats),
      zero_target_(static_cast<float>(-data.log_total)),
      blocks_(make_blocks(data, stripes_, weighting, threads, control)),
      vectors_(words() * stride_, 0.0F),
      squares_(words(), 1.0F),
      bias_(words()) {
  for (std::uint32_t i = 0; i < stripes_.words; ++i)
    bias_[stripes_.start(stripes_.of(i)) + stripes_.place(i)] = data.log_probability[i];
}

void SgdProblem::set(std::span<const float> matrix, std::span<const float> squares) {
  for (std::uint32_t i = 0; i < stripes_.words; ++i) {
    const std::size_t at = stripes_.start(stripes_.of(i)) + stripes_.place(i);
    std::copy_n(&matrix[i * dimension_], dimension_, &vectors_[at * stride_]);
    squares_[at] = squares[i];
  }
}

void SgdProblem::get(std::span<float> matrix, std::span<float> squares) const {
  for (std::uint32_t i = 0; i < stripes_.words; ++i) {
    const std::size_t at = stripes_.start(stripes_.of(i)) + stripes_.place(i);
    std::copy_n(&vectors_[at * stride_], dimension_, &matrix[i * dimension_]);
    squares[i] = squares_[at];
  }
}

// The block with rows in a and columns in b, with its table of pairs that are not zeros: those of the block,
// those of the opposite block (a pair is recorded on one side only), and words with themselves.
kernels::SgdBlock SgdProblem::directed(std::uint32_t a, std::uint32_t b, std::vector<std::uint64_t>& seen) {
  const std::size_t block = std::size_t{a} * stripes_.count + b,
                    opposite = std::size_t{b} * stripes_.count + a;
  const std::size_t words_per_row = (stripes_.size(b) + 63) / 64;
  seen.assign(stripes_.size(a) * words_per_row + 1,
              0);  // one word to spare: empty columns have an address too
  const auto mark = [&](std::size_t row, std::size_t column) {
    seen[row * words_per_row + column / 64] |= std::uint64_t{1} << (column % 64);
  };
  const auto each = [&](std::size_t which, auto&& put) {
    const kernels::SgdRecord* record = blocks_.records.data() + blocks_.record_start[which];
    for (std::size_t g = blocks_.segment_start[which]; g < blocks_.segment_start[which + 1]; ++g) {
      for (std::uint32_t k = 0; k < blocks_.segments[g].count; ++k, ++record)
        put(blocks_.segments[g].row, record->column);
    }
  };
  each(block, mark);
  each(opposite, [&](std::size_t row, std::size_t column) { mark(column, row); });
  if (a == b) {
    for (std::size_t i = 0; i < stripes_.size(a); ++i) mark(i, i);
  }
  const std::size_t row_at = stripes_.start(a), column_at = stripes_.start(b);
  return {
      .segments = blocks_.segments.data() + blocks_.segment_start[block],
      .segment_count = blocks_.segment_start[block + 1] - blocks_.segment_start[block],
      .records = blocks_.records.data() + blocks_.record_start[block],
      .first_record = blocks_.record_start[block],
      .observed = seen.data(),
      .observed_words_per_row = words_per_row,
      .rows = vectors_.data() + row_at * stride_,
      .columns = vectors_.data() + column_at * stride_,
      .row_squares = squares_.data() + row_at,
      .column_squares = squares_.data() + column_at,
      .row_bias = bias_.data() + row_at,
      .column_bias = bias_.data() + column_at,
      .column_words = stripes_.size(b),
  };
}

kernels::SgdLoss SgdProblem::run_pair(std::uint32_t a, std::uint32_t b, const kernels::SgdSettings& settings,
                                      std::vector<std::uint64_t>& seen, float* scratch) {
  const kernels::Table& table = kernels::table();
  kernels::SgdLoss total{};
  const auto run = [&](std::uint32_t from, std::uint32_t to) {
    const std::size_t block = std::size_t{from} * stripes_.count + to;
    if (blocks_.record_start[block] == blocks_.record_start[block + 1]) return;
    const kernels::SgdLoss loss = table.sgd_block(directed(from, to, seen), settings, scratch);
    total.observed += loss.observed;
    total.zeros += loss.zeros;
    total.pairs += loss.pairs;
  };
  run(a, b);
  if (a != b) run(b, a);
  return total;
}

kernels::SgdLoss SgdProblem::run_epoch(const EpochSettings& settings, Control& control) {
  const random::Key key = random::stream_key(settings.seed, random::Purpose::negatives);
  const kernels::SgdSettings kernel{
      .stride = stride_,
      .inverse_dimension = 1.0F / static_cast<float>(dimension_),
      .rate = settings.rate,
      .zero_weight = settings.zero_weight,
      .zero_target = zero_target_,
      .negatives = settings.negatives,
      .key = {key[0], key[1]},
      .epoch = settings.epoch,
  };
  struct Lane {
    std::vector<std::uint64_t> seen;
    std::vector<float> scratch;
  };
  std::vector<Lane> lanes(settings.threads);
  for (Lane& lane : lanes) lane.scratch.resize(stride_);
  const auto records_of = [&](std::uint32_t a, std::uint32_t b) {
    const auto one = [&](std::size_t block) {
      return blocks_.record_start[block + 1] - blocks_.record_start[block];
    };
    const std::size_t n = stripes_.count;
    return one(a * n + b) + (a == b ? 0 : one(b * n + a));
  };
  kernels::SgdLoss total{};
  const auto add = [&](const kernels::SgdLoss& loss) {
    total.observed += loss.observed;
    total.zeros += loss.zeros;
    total.pairs += loss.pairs;
    check_converges(total, records(), settings);
  };
  const auto run_round = [&](const Round& pairs, std::vector<kernels::SgdLoss>& losses, std::size_t k,
                             unsigned slot) {
    const auto [a, b] = pairs[k];
    losses[k] = run_pair(a, b, kernel, lanes[slot].seen, lanes[slot].scratch.data());
    control.advance(records_of(a, b));
  };

  control.start(records());
  const std::vector<Round> rounds = tournament(stripes_.count, key, settings.epoch);
  // A round of a small problem is over before a second thread has woken up; then one task does all, in the
  // same order.
  constexpr std::size_t kSmall = 200'000;
  if (settings.threads == 1 || records() * (1 + settings.negatives) < kSmall) {
    parallel_run(
        1, 1,
        [&](std::size_t, unsigned) {
          for (const Round& pairs : rounds) {
            std::vector<kernels::SgdLoss> losses(pairs.size());
            for (std::size_t k = 0; k < pairs.size() && !control.stopped(); ++k)
              run_round(pairs, losses, k, 0);
            for (const kernels::SgdLoss& loss : losses) add(loss);
            if (control.stopped()) return;
          }
        },
        control);
    return total;
  }
  for (const Round& pairs : rounds) {
    std::vector<kernels::SgdLoss> losses(pairs.size());
    parallel_run(
        pairs.size(), settings.threads,
        [&](std::size_t k, unsigned slot) { run_round(pairs, losses, k, slot); }, control);
    for (const kernels::SgdLoss& loss : losses) add(loss);
  }
  return total;
}

}  // namespace stochos::words
