// Events in SBML's sense: a trigger that becomes true, an optional delay, and assignments.
// Events that fall due together run by priority, then in the order of the network.
#pragma once
#include <cstdint>
#include <vector>

#include "reactions/network.hpp"

namespace stochos::reactions {

class Happenings {
 public:
  // Random numbers in events come from `draws`.
  Happenings(const Network& network, random::Source& draws);
  // A new trajectory; runs what fires at its start.
  void begin(double* x, double* registers, double now);
  // The first time in (now, until] at which a delay ends or a trigger changes by the time alone; infinity
  // when there is none.
  double next(double* x, double* registers, double now, double until);
  // Runs what is due at this time; the state may have changed.
  void happen(double* x, double* registers, double now);
  // After a reaction: looks at the triggers and runs what is due. True when the state changed.
  bool check(double* x, double* registers, double now) {
    return network_.events().empty() ? false : settle(x, registers, now);
  }

 private:
  struct Pending {
    double time = 0;
    std::uint32_t event = 0;
    std::vector<double> values;  // computed at the trigger, or empty
  };

  bool settle(double* x, double* registers, double now);
  void look(double* x, double* registers, double now);
  void execute(const Pending& pending, double* x, double* registers);
  double root(const Event& event, const Formula& formula, double* x, double* registers) const;

  const Network& network_;
  random::Source& draws_;
  std::vector<std::uint8_t> state_;  // of each trigger when last seen
  std::vector<Pending> pending_;
};

}  // namespace stochos::reactions
