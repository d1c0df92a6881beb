// The fit by SGD on a graphics card.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/control.hpp"
#include "cuda/sgd.hpp"
#include "words/sgd.hpp"
#include "words/sgd_blocks.hpp"

namespace stochos::words {

// The segments of all blocks as the device takes them.
std::vector<cuda::SgdSegment> device_segments(const Stripes& stripes, const PairBlocks& blocks);

// What SgdProblem minimises, with its records, zeros and tournament. On the device the rows of a block are
// worked on at once, so that a result depends on who was first: equal in quality, not in bits. `reference`:
// the device's code on the processor, with so many rows of a block at once; 0 for the device itself.
class SgdOnDevice {
 public:
  // The pairs must live as long as this. Throws what cuda::require() throws, and Error(memory).
  SgdOnDevice(const PairData& data, std::size_t dimension, const Weighting& weighting,
              std::uint32_t reference, unsigned threads, Control& control);
  // As those of SgdProblem.
  void set(std::span<const float> matrix, std::span<const float> squares);
  void get(std::span<float> matrix, std::span<float> squares) const;
  kernels::SgdLoss run_epoch(const EpochSettings& settings, Control& control);
  std::size_t records() const { return blocks_.records.size(); }
  std::size_t words() const { return stripes_.words; }
  std::size_t dimension() const { return dimension_; }

 private:
  std::size_t place(std::uint32_t word) const {
    return stripes_.start(stripes_.of(word)) + stripes_.place(word);
  }

  Stripes stripes_;
  std::size_t dimension_;
  float zero_target_;
  PairBlocks blocks_;
  std::vector<cuda::SgdSegment> segments_;
  std::vector<float> bias_;  // in stripe order
  std::unique_ptr<cuda::SgdFit> fit_;
};

}  // namespace stochos::words
