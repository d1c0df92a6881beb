// Weighted least squares on observed PMI plus sampled zeros, by stochastic gradient descent over word
// stripes.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/control.hpp"
#include "words/sgd_blocks.hpp"

namespace stochos::words {

struct EpochSettings {
  std::uint64_t seed;
  std::uint32_t epoch;  // from 0; with the seed it fixes order and draws
  float rate;
  float zero_weight;  // of each sampled zero
  std::uint32_t negatives;
  unsigned threads;
};

// Throws Error(convergence) naming epoch and rate when the loss of an epoch has left all bounds.
void check_converges(const kernels::SgdLoss& loss, std::size_t records, const EpochSettings& settings);

// Minimises  sum over observed pairs  w(x) / 2 (<v_i, v_j> - PMI)^2
//          + sum over sampled unobserved pairs  w0 softplus(<v_i, v_j> - PMI at x = 1)
// with Adagrad, one accumulator a word (the mean over coordinates of the squared gradient).
//
// Deterministic for any number of threads: in a round of the tournament every stripe meets one other, so that
// the blocks of a round share nothing; rounds follow one another. (R. Gemulla et al., "Large-scale matrix
// factorization with distributed stochastic gradient descent", KDD 2011, doi:10.1145/2020408.2020426, for one
// shared set of vectors.)
class SgdProblem {
 public:
  SgdProblem(const PairData& data, std::size_t dimension, const Weighting& weighting, unsigned threads,
             Control& control);
  // Matrix (words x dimension) and accumulators (words), in word order.
  void set(std::span<const float> matrix, std::span<const float> squares);
  void get(std::span<float> matrix, std::span<float> squares) const;
  // One pass over all pairs. Throws what check_converges() throws.
  kernels::SgdLoss run_epoch(const EpochSettings& settings, Control& control);
  std::size_t records() const { return blocks_.records.size(); }
  std::size_t words() const { return stripes_.words; }
  std::size_t dimension() const { return dimension_; }

 private:
  kernels::SgdLoss run_pair(std::uint32_t a, std::uint32_t b, const kernels::SgdSettings& settings,
                            std::vector<std::uint64_t>& seen, float* scratch);
  kernels::SgdBlock directed(std::uint32_t a, std::uint32_t b, std::vector<std::uint64_t>& seen);

  Stripes stripes_;
  std::size_t dimension_, stride_;
  float zero_target_;
  PairBlocks blocks_;
  std::vector<float> vectors_, squares_, bias_;  // in stripe order
};

}  // namespace stochos::words
