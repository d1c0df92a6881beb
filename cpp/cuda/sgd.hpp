// A fit by SGD on the device; and its reference, the same body in a loop on the processor.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "cuda/sgd_types.hpp"

namespace stochos::cuda {

// What SgdData points to; the caller's own.
struct SgdProblemData {
  std::span<const SgdSegment> segments;
  std::span<const kernels::SgdRecord> records;
  std::span<const std::int64_t> row_start;
  std::span<const std::uint32_t> column;
  std::span<const float> bias;
  std::uint32_t dimension = 0, stripes = 0;
};

// Segments that may be worked on at once.
struct SgdRange {
  std::uint64_t begin = 0, end = 0;
};

class SgdFit {
 public:
  virtual ~SgdFit() = default;
  // Vectors (V, dimension) and accumulators (V,), in stripe order.
  virtual void set(std::span<const float> vectors, std::span<const float> squares) = 0;
  virtual void get(std::span<float> vectors, std::span<float> squares) const = 0;
  // One range after the other on the processor, all at once on the device. between(records) is called after
  // each slice of about 0.05 s and may throw.
  virtual void run(std::span<const SgdRange> ranges, const SgdSettings& settings,
                   const std::function<void(std::uint64_t)>& between) = 0;
  // What was gathered since the last call.
  virtual SgdLoss take_loss() = 0;
};

// Throws what require() throws, and Error(memory) that tells how much was asked.
std::unique_ptr<SgdFit> make_sgd(const SgdProblemData& data);
// `together`: rows of a block that are worked on in step, as on the device; 1 for one after the other.
std::unique_ptr<SgdFit> make_sgd_reference(const SgdProblemData& data, std::uint32_t together);

// Rows of a block that the device works on at once: each starts from vectors that the others are about to
// move. In step on the processor, the worst that can happen, 64 cost 0.1 to 0.3 % of the loss (tests/cuda).
inline constexpr std::uint32_t kTogether = 64;

}  // namespace stochos::cuda
