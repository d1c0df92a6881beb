// The fit on the device: a warp for each row of a block, its vector in shared memory.
#include <algorithm>
#include <chrono>

#include "cuda/device.hpp"
#include "cuda/memory.cuh"
#include "cuda/sgd.hpp"
#include "cuda/sgd_body.hpp"

namespace stochos::cuda {
namespace {

constexpr const char* kWhere = "words.fit";
constexpr unsigned kWarp = 32, kMostWarps = 4;  // threads of a warp, warps of a block
constexpr std::size_t kShared = 48 * 1024;      // bytes that every device gives a block
constexpr double kSlice = 0.05;                 // seconds of a launch

struct Warp {
  unsigned own;
  __device__ std::uint32_t lane() const { return own; }
  __device__ std::uint32_t size() const { return kWarp; }
  template <class T>
  __device__ T sum(T value) const {
    for (unsigned k = kWarp / 2; k > 0; k /= 2) value += __shfl_xor_sync(0xFFFFFFFFU, value, k);
    return value;
  }
  __device__ std::uint32_t ballot(bool is) const { return __ballot_sync(0xFFFFFFFFU, is); }
  __device__ std::uint32_t bits_before(std::uint32_t mask) const {
    return static_cast<std::uint32_t>(__popc(mask & ((1U << own) - 1)));
  }
  __device__ std::uint32_t bits(std::uint32_t mask) const { return static_cast<std::uint32_t>(__popc(mask)); }
  __device__ void sync() const { __syncwarp(); }
  // Past the cache of one processor, which does not see what others write.
  __device__ float load(const float* place) const { return __ldcg(place); }
  __device__ void push(float* place, float, float delta) const { atomicAdd(place, delta); }
};

// `together` warps for each range take its segments in turn, from its segment number `begin` to before `end`.
__global__ void sgd_kernel(SgdData d, SgdSettings s, const SgdRange* ranges, std::uint32_t range_count,
                           std::uint32_t together, std::uint64_t begin, std::uint64_t end, SgdLoss* losses) {
  extern __shared__ float shared[];
  const unsigned warps = blockDim.x / kWarp, warp = threadIdx.x / kWarp;
  const std::uint32_t number = blockIdx.x * warps + warp;
  if (number >= range_count * together) return;
  const Warp group{threadIdx.x % kWarp};
  const std::size_t scratch_floats = sizeof(SgdScratch) / sizeof(float);
  float* const own = shared + warp * (2 * std::size_t{d.dimension} + scratch_floats);
  SgdScratch& scratch = *reinterpret_cast<SgdScratch*>(own);
  SgdRow row{own + scratch_floats, own + scratch_floats + d.dimension};
  const SgdRange range = ranges[number / together];
  const std::uint64_t last = range.begin + end < range.end ? range.begin + end : range.end;
  for (std::uint64_t g = range.begin + begin + number % together; g < last; g += together)
    sgd_segment(d, s, d.segments[g], group, scratch, row);
  SgdLoss& loss = losses[std::size_t{number} * kWarp + group.lane()];
  loss.observed += row.loss.observed;
  loss.zeros += row.loss.zeros;
  loss.pairs += row.loss.pairs;
}

class OnDevice final : public SgdFit {
 public:
  explicit OnDevice(const SgdProblemData& data)
      : given_(data),
        segments_(data.segments.size(), kWhere),
        records_(data.records.size(), kWhere),
        row_start_(data.row_start.size(), kWhere),
        column_(data.column.size(), kWhere),
        vectors_(data.bias.size() * data.dimension, kWhere),
        squares_(data.bias.size(), kWhere),
        bias_(data.bias.size(), kWhere) {
    segments_.put(data.segments, kWhere);
    records_.put(data.records, kWhere);
    row_start_.put(data.row_start, kWhere);
    column_.put(data.column, kWhere);
    bias_.put(data.bias, kWhere);
    data_ = {segments_.data(), records_.data(), row_start_.data(), column_.data(), vectors_.data(),
             squares_.data(),  bias_.data(),    data.dimension,    data.stripes};
    const std::size_t each = sizeof(SgdScratch) + 2 * sizeof(float) * data.dimension;
    while (warps_ > 1 && warps_ * each > kShared) warps_ /= 2;
    shared_ = warps_ * each;
  }

  void set(std::span<const float> vectors, std::span<const float> squares) override {
    vectors_.put(vectors, kWhere);
    squares_.put(squares, kWhere);
  }
  void get(std::span<float> vectors, std::span<float> squares) const override {
    vectors_.get(vectors, kWhere);
    squares_.get(squares, kWhere);
  }

  void run(std::span<const SgdRange> ranges, const SgdSettings& settings,
           const std::function<void(std::uint64_t)>& between) override {
    using Clock = std::chrono::steady_clock;
    std::uint64_t longest = 0;
    for (const SgdRange& range : ranges) longest = std::max(longest, range.end - range.begin);
    const std::size_t warps = ranges.size() * kTogether;
    if (ranges_.size() < ranges.size()) ranges_ = Buffer<SgdRange>(ranges.size(), kWhere);
    if (losses_.size() < warps * kWarp) {
      const SgdLoss before = take_loss();
      losses_ = Buffer<SgdLoss>(std::vector<SgdLoss>(warps * kWarp, SgdLoss{}), kWhere);
      losses_.put({&before, 1}, kWhere);
    }
    ranges_.put(ranges, kWhere);
    const auto blocks = static_cast<unsigned>((warps + warps_ - 1) / warps_);
    for (std::uint64_t begin = 0; begin < longest;) {
      const std::uint64_t end = begin + amount_;
      const auto began = Clock::now();
      sgd_kernel<<<blocks, warps_ * kWarp, shared_>>>(data_, settings, ranges_.data(),
                                                      static_cast<std::uint32_t>(ranges.size()), kTogether,
                                                      begin, end, losses_.data());
      finish(kWhere, "fitting");
      const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
      if (seconds < kSlice / 2) {
        amount_ = std::min(2 * amount_, std::uint64_t{1} << 40);
      } else if (seconds > kSlice) {
        const double fewer = static_cast<double>(amount_) * (kSlice / seconds) / kTogether;
        amount_ = kTogether * std::max<std::uint64_t>(1, static_cast<std::uint64_t>(fewer));
      }
      std::uint64_t records = 0;
      for (const SgdRange& range : ranges)
        for (std::uint64_t g = range.begin + begin; g < std::min(range.begin + end, range.end); ++g)
          records += given_.segments[g].count;
      between(records);
      begin = end;
    }
  }

  SgdLoss take_loss() override {
    std::vector<SgdLoss> losses(losses_.size());
    losses_.get(losses, kWhere);
    SgdLoss total;
    for (const SgdLoss& loss : losses) {
      total.observed += loss.observed;
      total.zeros += loss.zeros;
      total.pairs += loss.pairs;
    }
    losses_.put(std::vector<SgdLoss>(losses.size()), kWhere);
    return total;
  }

 private:
  SgdProblemData given_;
  Buffer<SgdSegment> segments_;
  Buffer<kernels::SgdRecord> records_;
  Buffer<std::int64_t> row_start_;
  Buffer<std::uint32_t> column_;
  Buffer<float> vectors_, squares_, bias_;
  Buffer<SgdLoss> losses_;
  Buffer<SgdRange> ranges_;
  SgdData data_;
  unsigned warps_ = kMostWarps;
  std::size_t shared_ = 0;
  std::uint64_t amount_ = 4 * kTogether;  // segments of each range in a launch
};

}  // namespace

std::unique_ptr<SgdFit> make_sgd(const SgdProblemData& data) {
  require(kWhere);
  return std::make_unique<OnDevice>(data);
}

}  // namespace stochos::cuda
