// Many trajectories of a small network side by side in the lanes of vectors. Best for up to about 48
// reactions and eight trajectories or more; every trajectory has the bits that the direct method gives it
// alone.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "base/control.hpp"
#include "kernels/table.hpp"
#include "random/stream.hpp"
#include "reactions/network.hpp"
#include "reactions/plan.hpp"

namespace stochos::reactions {

// Whether the lanes can do what is asked for. Not: events, delays, what moves with the time, a clock.
bool fits_lanes(const Network& network, const Plan& plan, std::size_t columns);

// A trajectory that has come to its end.
struct LaneEnd {
  std::uint64_t trajectory = 0, events = 0;
  Status status = Status::done;
  double time = 0;
  std::size_t points = 0;          // that it reached
  const double* values = nullptr;  // (points, C)
  const double* final = nullptr;   // (C,)
  bool last_of_block = false;
  bool passed = false;  // it ended where the condition held
};

// Trajectories begin .. end - 1.
struct LaneBlock {
  std::uint64_t begin = 0, end = 0;
};

class Lanes {
 public:
  // `record`: the C slots that are kept. `condition`: a trajectory ends where it holds; may be null.
  Lanes(const Network& network, const Plan& plan, random::Key key, std::vector<std::uint32_t> record,
        const Formula* condition, std::size_t lanes);
  // Simulates the blocks that more() finds until it finds none; take() sees all trajectories in their order.
  void run(const std::function<bool(LaneBlock&)>& more, const std::function<void(const LaneEnd&)>& take,
           const Control& control);

 private:
  static constexpr std::size_t kWindow = 4;  // rows a lane: how far the quick may run ahead of the slowest
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  struct Row {
    LaneEnd end;
    bool ended = false;
  };

  double* slot(std::size_t s) const noexcept { return slots_ + s * state_.lanes; }
  double* values(std::uint64_t number) noexcept {
    return values_.data() + (number % rows_.size()) * (plan_.times.size() + 1) * record_.size();
  }
  kernels::LockstepLaw law(std::uint32_t r) const noexcept;
  void fill(std::size_t lane);
  void put_state(std::size_t lane, const double* x) noexcept;
  double* get_state(std::size_t lane) noexcept;
  void compute();
  void attend(std::size_t lane);
  void fire_last(std::size_t lane);
  void finish(std::size_t lane, Status status, bool passed = false);
  bool pass();

  const Network& network_;
  const Plan& plan_;
  random::Key key_;
  std::vector<std::uint32_t> record_;
  const Formula* condition_;
  const kernels::Table& table_;
  kernels::Lockstep state_;
  double* slots_ = nullptr;
  bool programs_ = false;                                          // rules, or laws that are no quick ones
  std::vector<double> start_, one_, registers_, scratch_, holds_;  // one_: the state of one lane
  std::vector<double> memory_;
  std::vector<std::uint64_t> words_, number_;  // number_: of each lane's trajectory in this run
  std::vector<std::size_t> point_;
  std::vector<double*> place_;  // of each lane: where its next point goes
  std::vector<const double*> record_rows_;
  std::vector<kernels::LockstepLaw> laws_;
  std::vector<kernels::LockstepChange> changes_;
  std::vector<std::uint32_t> change_start_, given_;
  std::vector<double> values_;
  std::vector<Row> rows_;
  std::size_t running_ = 0;
  std::uint64_t next_number_ = 0, given_number_ = 0;
  LaneBlock block_;
  bool exhausted_ = false;
  const std::function<bool(LaneBlock&)>* more_ = nullptr;
  const std::function<void(const LaneEnd&)>* take_ = nullptr;
};

}  // namespace stochos::reactions
