// What a simulation is asked for, and who takes down what happens.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace stochos::reactions {

enum class Status : std::uint8_t { done = 0, absorbed = 1, max_events = 2, timeout = 3 };

inline constexpr std::uint32_t kNoReaction = 0xFFFFFFFF;  // something else than a reaction happened

struct Plan {
  std::vector<double> times;  // increasing; the state is taken down at each
  double start = 0;           // time of the initial state
  std::uint64_t max_events = std::numeric_limits<std::uint64_t>::max();
  double timeout = std::numeric_limits<double>::infinity();  // seconds for one trajectory
  double epsilon = 0.03;     // of approximate methods: part by which a propensity may change in a leap
  bool always_leap = false;  // an approximate method runs even where an exact one is quicker
};

struct Ending {
  Status status = Status::done;
  std::uint64_t events = 0;
  double time = 0;                // the last output time, or where the run stopped
  const double* slots = nullptr;  // the state there
};

// Takes down one trajectory after the other.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void begin(std::uint64_t trajectory) = 0;
  // The state at times[point], after all reactions up to it.
  virtual void point(std::size_t point, const double* slots) = 0;
  // After each reaction, if wants_events(). True ends the trajectory.
  virtual bool event(double, std::uint32_t, const double*) { return false; }
  virtual bool wants_events() const { return false; }
  virtual void end(const Ending& ending) = 0;
};

}  // namespace stochos::reactions
