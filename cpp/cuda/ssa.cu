// The ensemble on the device: one trajectory a thread, its state in shared memory where a block's fits.
#include <algorithm>

#include "cuda/device.hpp"
#include "cuda/memory.cuh"
#include "cuda/ssa.hpp"
#include "cuda/ssa_body.hpp"

namespace stochos::cuda {
namespace {

constexpr const char* kWhere = "reactions.simulate";
constexpr std::size_t kMostLanes = std::size_t{1} << 18;  // as many threads as large devices hold
constexpr std::size_t kShared = 48 * 1024;                // bytes that every device gives a block
constexpr unsigned kThreads = 128, kLeastThreads = 32;
constexpr double kPart = 0.8;  // of the memory that is free

__global__ void ssa_begin_kernel(SsaModel m, SsaLanes lanes) {
  const std::size_t lane = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (lane < lanes.lanes) ssa_begin(m, lanes, lane);
}

// `running`: a number for each block.
template <bool kPrograms, bool kInShared>
__global__ void ssa_slice_kernel(SsaModel m, SsaLanes lanes, std::uint32_t steps, std::uint32_t* running) {
  extern __shared__ double shared[];
  const std::size_t lane = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  int runs = 0;
  if (lane < lanes.lanes && lanes.status[lane] == SsaStatus::running) {
    double registers[kPrograms ? kMostRegisters : 1];
    const SsaState global{lanes.x + lane, lanes.lanes};
    const SsaState x = kInShared ? SsaState{shared + threadIdx.x, blockDim.x} : global;
    if (kInShared)
      for (std::uint32_t s = 0; s < m.slots; ++s) x(s) = global(s);
    runs = ssa_slice<kPrograms>(m, lanes, lane, x, registers, steps) == SsaStatus::running ? 1 : 0;
    if (kInShared)
      for (std::uint32_t s = 0; s < m.slots; ++s) global(s) = x(s);
  }
  const int sum = __syncthreads_count(runs);
  if (threadIdx.x == 0) running[blockIdx.x] = static_cast<std::uint32_t>(sum);
}

__global__ void ssa_moments_kernel(SsaModel m, SsaLanes lanes, SsaMoments to, std::size_t items) {
  const std::size_t stride = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t item = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; item < items; item += stride)
    ssa_moment(m, lanes, to, item);
}

unsigned blocks_of(std::size_t items, unsigned threads) {
  return static_cast<unsigned>((items + threads - 1) / threads);
}

class OnDevice final : public SsaBatches {
 public:
  OnDevice(const SsaNetwork& network, std::size_t most, bool values)
      : model_(network.model()),
        programs_(network.has_programs()),
        most_(most),
        laws_(network.laws, kWhere),
        terms_(network.terms, kWhere),
        change_start_(network.change_start, kWhere),
        record_(network.record, kWhere),
        changes_(network.changes, kWhere),
        rules_(network.rules, kWhere),
        steps_(network.programs.steps, kWhere),
        constants_(network.programs.constants, kWhere),
        times_(network.times, kWhere),
        initial_(network.initial, kWhere),
        x_(most * model_.slots, kWhere),
        now_(most, kWhere),
        values_(values ? most * model_.points * model_.columns : 0, kWhere),
        final_(most * model_.columns, kWhere),
        events_(most, kWhere),
        point_(most, kWhere),
        fault_(most, kWhere),
        running_(blocks_of(most, kLeastThreads), kWhere),
        status_(most, kWhere) {
    model_.laws = laws_.data();
    model_.terms = terms_.data();
    model_.change_start = change_start_.data();
    model_.changes = changes_.data();
    model_.rule = rules_.data();
    model_.steps = steps_.data();
    model_.constants = constants_.data();
    model_.times = times_.data();
    model_.record = record_.data();
    model_.initial = initial_.data();
    threads_ = kThreads;
    while (threads_ > kLeastThreads && model_.slots * sizeof(double) * threads_ > kShared) threads_ /= 2;
    shared_ = model_.slots * sizeof(double) * threads_;
    if (shared_ > kShared) {
      shared_ = 0;
      threads_ = kThreads;
    }
  }
  std::size_t most_lanes() const noexcept override { return most_; }

  void begin(std::uint64_t first, std::size_t lanes, std::span<const double> states) override {
    lanes_ = {lanes,         first,         x_.data(),      now_.data(),    events_.data(),
              point_.data(), fault_.data(), status_.data(), values_.data(), final_.data()};
    ssa_begin_kernel<<<blocks_of(lanes, kThreads), kThreads>>>(model_, lanes_);
    finish(kWhere, "starting trajectories");
    x_.put(states, kWhere);
  }

  std::size_t advance(std::uint32_t steps) override {
    const unsigned blocks = blocks_of(lanes_.lanes, threads_);
    const auto kernel = programs_
                            ? (shared_ > 0 ? ssa_slice_kernel<true, true> : ssa_slice_kernel<true, false>)
                            : (shared_ > 0 ? ssa_slice_kernel<false, true> : ssa_slice_kernel<false, false>);
    kernel<<<blocks, threads_, shared_>>>(model_, lanes_, steps, running_.data());
    finish(kWhere, "simulating");
    std::vector<std::uint32_t> running(blocks);
    running_.get(running, kWhere);
    std::size_t sum = 0;
    for (const std::uint32_t count : running) sum += count;
    return sum;
  }

  void ends(SsaEnds& to) override {
    const std::size_t n = lanes_.lanes;
    to.status.resize(n);
    to.events.resize(n);
    to.point.resize(n);
    to.fault.resize(n);
    to.now.resize(n);
    to.final.resize(n * model_.columns);
    status_.get(to.status, kWhere);
    events_.get(to.events, kWhere);
    point_.get(to.point, kWhere);
    fault_.get(to.fault, kWhere);
    now_.get(to.now, kWhere);
    final_.get(to.final, kWhere);
  }
  void values(double* to) override {
    values_.get({to, lanes_.lanes * model_.points * model_.columns}, kWhere);
  }
  void state(std::size_t lane, std::span<double> to) override {
    std::vector<double> all(lanes_.lanes * model_.slots);
    x_.get(all, kWhere);
    for (std::size_t s = 0; s < to.size(); ++s) to[s] = all[s * lanes_.lanes + lane];
  }

  SsaGathered moments(std::size_t block, bool full) override {
    const std::size_t blocks = (lanes_.lanes + block - 1) / block,
                      each = std::size_t{model_.points} * model_.columns;
    SsaGathered made{std::vector<std::uint64_t>(blocks * model_.points), std::vector<double>(blocks * each),
                     std::vector<double>(blocks * each * (full ? model_.columns : 1))};
    if (count_.size() < made.count.size()) count_ = Buffer<std::uint64_t>(made.count.size(), kWhere);
    if (mean_.size() < made.mean.size()) mean_ = Buffer<double>(made.mean.size(), kWhere);
    if (spread_.size() < made.spread.size()) spread_ = Buffer<double>(made.spread.size(), kWhere);
    const SsaMoments to{block, blocks, full, count_.data(), mean_.data(), spread_.data()};
    const unsigned grid =
        static_cast<unsigned>(std::min<std::size_t>(blocks_of(made.spread.size(), kThreads), 65535));
    ssa_moments_kernel<<<grid, kThreads>>>(model_, lanes_, to, made.spread.size());
    finish(kWhere, "gathering moments");
    count_.get(made.count, kWhere);
    mean_.get(made.mean, kWhere);
    spread_.get(made.spread, kWhere);
    return made;
  }

 private:
  SsaModel model_;
  bool programs_;
  std::size_t most_;
  Buffer<SsaLaw> laws_;
  Buffer<SsaTerm> terms_;
  Buffer<std::uint32_t> change_start_, record_;
  Buffer<SsaChange> changes_;
  Buffer<SsaRule> rules_;
  Buffer<Step> steps_;
  Buffer<double> constants_, times_, initial_, x_, now_, values_, final_;
  Buffer<std::uint64_t> events_;
  Buffer<std::uint32_t> point_, fault_, running_;
  Buffer<SsaStatus> status_;
  Buffer<std::uint64_t> count_;
  Buffer<double> mean_, spread_;
  SsaLanes lanes_;
  unsigned threads_ = kThreads;
  std::size_t shared_ = 0;
};

}  // namespace

std::unique_ptr<SsaBatches> make_ssa(const SsaNetwork& network, const SsaSize& size) {
  require(kWhere);
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), kWhere, "asking for the free memory");
  const auto room = static_cast<std::uint64_t>(kPart * static_cast<double>(free));
  return std::make_unique<OnDevice>(network, ssa_lanes(network, size, room, kMostLanes), size.values);
}

}  // namespace stochos::cuda
