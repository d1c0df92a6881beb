// A flatter spectrum for a set of vectors.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/control.hpp"

namespace stochos::words {

// V W S^-q W^T c for V = U S W^T (thin SVD): each singular value s becomes c s^(1 - q), with c such that the
// sum of squares stays. q = 0 leaves the vectors as they are. The map is symmetric, so the space keeps its
// orientation.
std::vector<float> flatten(std::span<const float> matrix, std::size_t dimension, double q, unsigned threads,
                           Control& control);

// Uniform in (-1/2, 1/2) / dimension, the usual random start.
std::vector<float> random_vectors(std::size_t words, std::size_t dimension, std::uint64_t seed);

}  // namespace stochos::words
