// Leading eigenvectors of the positive PMI matrix by randomised subspace iteration.
#pragma once
#include <cstdint>
#include <vector>

#include "base/control.hpp"
#include "words/sgd_blocks.hpp"

namespace stochos::words {

struct SpectralSettings {
  std::size_t dimension;
  std::size_t oversampling;  // extra columns carried along; the block is rounded up to a multiple of 16
  std::size_t
      products;  // of the whole matrix with the block, the last one for Rayleigh-Ritz included; 1 or more
  double shift;  // log k, subtracted from PMI before the positive part is taken
  double power;  // vectors = U * Lambda^power
  std::uint64_t seed;
  unsigned threads;
};

struct SpectralFit {
  std::vector<float> vectors;  // words x dimension, row-major
  std::vector<double>
      eigenvalues;  // dimension, descending; 0 (and zero vectors) beyond the last positive one
};

// Eigenpairs of max(PMI - shift, 0) with the largest positive eigenvalues, after N. Halko, P. G. Martinsson,
// J. A. Tropp, "Finding structure with randomness", SIAM Review 53 (2011), doi:10.1137/090771806,
// algorithm 4.4. The same for any number of threads: each output element is summed in one fixed order.
SpectralFit fit_spectral(const PairData& data, const SpectralSettings& settings, Control& control);

}  // namespace stochos::words
