// Many trajectories over the thread pool, and what is kept of them.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/control.hpp"
#include "base/memory.hpp"
#include "reactions/moments.hpp"
#include "reactions/network.hpp"
#include "reactions/plan.hpp"

namespace stochos::reactions {

enum class Keep { trajectories, moments, final, histogram, first_passage, events };
// Where trajectories are simulated; the reference runs the graphics card's own code on the processor.
enum class Device { cpu, cuda, cuda_reference };

struct Request {
  Plan plan;
  std::uint64_t n = 1, first = 0, seed = 0;  // trajectories first .. first + n - 1
  unsigned threads = 1;
  std::string method = "auto";
  Keep keep = Keep::trajectories;
  std::vector<std::uint32_t> record;    // slots that are kept: C of them
  bool covariance = false;              // moments: the full matrix
  bool unfinished = false;              // moments: as sums, to be merged with those of other trajectories
  std::uint64_t block = 0;              // moments: size of the blocks; 0 as n has it
  std::vector<std::int64_t> low, high;  // histogram: values low..high of each recorded slot
  std::string condition;                // first_passage: an expression
  // Side by side where that is possible: 0 none, else 8, 16 or 32; it changes no bit. By default as many as
  // pay.
  std::optional<std::size_t> lanes;
  Device device = Device::cpu;
};

struct Outcome {
  std::string method;
  std::uint64_t events = 0;
  std::array<std::uint64_t, 4> status_counts{};
  // One for each trajectory, empty for moments and histogram, whose memory does not grow with n.
  std::vector<std::uint64_t> events_each;
  std::vector<std::uint8_t> status;
  UnsetVector<double> values;  // (n, T, C); NaN behind the end of a trajectory that stopped early
  UnsetVector<double> final;   // (n, C)
  MomentsAnswer moments;       // over the trajectories that reached the time
  std::vector<double> spread;  // unfinished moments: sums of squares or products, (T, C) or (T, C, C)
  // For each recorded slot, (T, high - low + 3): below, low..high, above.
  std::vector<std::vector<std::int64_t>> histogram;
  std::vector<double> passage;  // (n,): time at which the condition first held; NaN when it never did
  std::vector<double> event_time;
  std::vector<std::uint32_t> event_reaction;  // kNoReaction: an event of the network
};

// Trajectory k depends on the seed and k alone. Throws Error(value) for an unknown method.
Outcome simulate(const Network& network, const Request& request, Control& control);

}  // namespace stochos::reactions
