#include "words/sgd_device.hpp"

#include <algorithm>

#include "cuda/device.hpp"
#include "random/stream.hpp"
#include "words/tournament.hpp"

namespace stochos::words {

std::vector<cuda::SgdSegment> device_segments(const Stripes& stripes, const PairBlocks& blocks) {
  std::vector<cuda::SgdSegment> made;
  made.reserve(blocks.segments.size());
  const std::uint32_t n = stripes.count;
  for (std::uint32_t a = 0; a < n; ++a) {
    const auto row_start = static_cast<std::uint32_t>(stripes.start(a));
    for (std::uint32_t b = 0; b < n; ++b) {
      const std::size_t block = std::size_t{a} * n + b;
      std::uint64_t record = blocks.record_start[block];
      for (std::size_t g = blocks.segment_start[block]; g < blocks.segment_start[block + 1]; ++g) {
        const kernels::SgdSegment& segment = blocks.segments[g];
        made.push_back({row_start + segment.row, segment.row * n + a,
                        static_cast<std::uint32_t>(stripes.start(b)), stripes.size(b), b, segment.count,
                        record});
        record += segment.count;
      }
    }
  }
  return made;
}

SgdOnDevice::SgdOnDevice(const PairData& data, std::size_t dimension, const Weighting& weighting,
                         std::uint32_t reference, unsigned threads, Control& control)
    : stripes_(data.words()),
      dimension_(dimension),
      zero_target_(static_cast<float>(-data.log_total)),
      bias_(data.words()) {
  if (reference == 0) cuda::require("words.fit");  // before any work
  blocks_ = make_blocks(data, stripes_, weighting, threads, control);
  for (std::uint32_t i = 0; i < stripes_.words; ++i) bias_[place(i)] = data.log_probability[i];
  segments_ = device_segments(stripes_, blocks_);
  const cuda::SgdProblemData all{segments_,
                                 {blocks_.records.data(), blocks_.records.size()},
                                 {data.pairs.row_start.data(), data.pairs.row_start.size()},
                                 {data.pairs.column.data(), data.pairs.column.size()},
                                 bias_,
                                 static_cast<std::uint32_t>(dimension),
                                 stripes_.count};
  fit_ = reference > 0 ? cuda::make_sgd_reference(all, reference) : cuda::make_sgd(all);
}

void SgdOnDevice::set(std::span<const float> matrix, std::span<const float> squares) {
  std::vector<float> vectors(words() * dimension_), own(words());
  for (std::uint32_t i = 0; i < stripes_.words; ++i) {
    std::copy_n(&matrix[i * dimension_], dimension_, &vectors[place(i) * dimension_]);
    own[place(i)] = squares[i];
  }
  fit_->set(vectors, own);
}

void SgdOnDevice::get(std::span<float> matrix, std::span<float> squares) const {
  std::vector<float> vectors(words() * dimension_), own(words());
  fit_->get(vectors, own);
  for (std::uint32_t i = 0; i < stripes_.words; ++i) {
    std::copy_n(&vectors[place(i) * dimension_], dimension_, &matrix[i * dimension_]);
    squares[i] = own[place(i)];
  }
}

kernels::SgdLoss SgdOnDevice::run_epoch(const EpochSettings& settings, Control& control) {
  const random::Key key = random::stream_key(settings.seed, random::Purpose::negatives);
  const cuda::SgdSettings device{settings.rate,      settings.zero_weight, zero_target_,
                                 settings.negatives, {key[0], key[1]},     settings.epoch};
  const std::size_t n = stripes_.count;
  control.start(records());
  const auto between = [&](std::uint64_t done) {
    control.advance(done);
    control.poll();
  };
  std::vector<cuda::SgdRange> ranges;
  // The blocks of a round share nothing, but those of one pair of stripes follow one another.
  const auto run = [&](const Round& round, bool forward) {
    ranges.clear();
    for (const auto& [a, b] : round) {
      if (!forward && a == b) continue;
      const std::size_t block = forward ? a * n + b : b * n + a;
      ranges.push_back({blocks_.segment_start[block], blocks_.segment_start[block + 1]});
    }
    if (!ranges.empty()) fit_->run(ranges, device, between);
  };
  for (const Round& round : tournament(stripes_.count, key, settings.epoch)) {
    run(round, true);
    run(round, false);
  }
  const cuda::SgdLoss loss = fit_->take_loss();
  const kernels::SgdLoss total{loss.observed, loss.zeros, loss.pairs};
  check_converges(total, records(), settings);
  return total;
}

}  // namespace stochos::words
