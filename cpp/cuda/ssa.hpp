// An ensemble on the device, a batch of trajectories at a time; and its reference, the same body in a loop on
// the processor.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cuda/programs.hpp"
#include "cuda/ssa_types.hpp"

namespace stochos::cuda {

// What SsaModel points to.
struct SsaNetwork {
  std::vector<SsaLaw> laws;
  std::vector<SsaTerm> terms;
  std::vector<std::uint32_t> change_start{0};
  std::vector<SsaChange> changes;
  std::vector<SsaRule> rules;
  Programs programs;
  std::vector<double> times, initial;
  std::vector<std::uint32_t> record;
  std::uint32_t species = 0;
  double start = 0;
  std::uint64_t max_events = 0;
  std::uint32_t key[2] = {};

  bool has_programs() const noexcept { return !programs.steps.empty() || !rules.empty(); }
  SsaModel model() const noexcept;  // over this object's own numbers
  // Bytes that a trajectory takes, with its amounts at all times or without.
  std::uint64_t bytes_each(bool values) const noexcept;
};

// A batch's ends, in the order of its trajectories.
struct SsaEnds {
  std::vector<SsaStatus> status;
  std::vector<std::uint64_t> events;
  std::vector<std::uint32_t> point, fault;
  std::vector<double> now, final;
};

// The moments of a batch's blocks, one block after the other.
struct SsaGathered {
  std::vector<std::uint64_t> count;
  std::vector<double> mean, spread;
};

class SsaBatches {
 public:
  virtual ~SsaBatches() = default;
  virtual std::size_t most_lanes() const noexcept = 0;
  // Trajectories first .. first + lanes - 1 from their start. `states`: their slots, (slots, lanes), where
  // each has its own; else empty.
  virtual void begin(std::uint64_t first, std::size_t lanes, std::span<const double> states) = 0;
  // At most `steps` events of each; gives how many still run.
  virtual std::size_t advance(std::uint32_t steps) = 0;
  virtual void ends(SsaEnds& to) = 0;
  virtual void values(double* to) = 0;                             // (lanes, T, C)
  virtual void state(std::size_t lane, std::span<double> to) = 0;  // (slots,)
  virtual SsaGathered moments(std::size_t block, bool full) = 0;
};

// What is asked for: n trajectories in batches.
struct SsaSize {
  std::uint64_t n = 1;
  bool values = false;      // amounts at all times are kept
  std::size_t whole = 1;    // a batch is a multiple of so many trajectories,
  std::uint64_t extra = 0;  // each of which takes so many bytes beside those of its trajectories
};

// Throws what require() throws, and Error(memory) that tells how much the least batch takes.
std::unique_ptr<SsaBatches> make_ssa(const SsaNetwork& network, const SsaSize& size);
std::unique_ptr<SsaBatches> make_ssa_reference(const SsaNetwork& network, const SsaSize& size);

// How many trajectories a batch has where `room` bytes are free.
std::size_t ssa_lanes(const SsaNetwork& network, const SsaSize& size, std::uint64_t room, std::size_t most);

}  // namespace stochos::cuda
