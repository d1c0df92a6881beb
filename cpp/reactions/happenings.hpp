// Events in SBML's sense: a trigger that becomes true, an optional delay, and assignments.
// Events that fall due together run by priority; those of equal priority in random order, those without one
// after them in the order of the network.
#pragma once
#include <cstdint>
#include <vector>

#include "random/distributions.hpp"
#include "reactions/crossings.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

class Happenings {
 public:
  // Random numbers in events come from `draws`.
  Happenings(const Network& network, const Flow& flow, random::Key key, random::Source& draws);
  // A new trajectory; runs what fires at its start.
  void begin(double* x, double* registers, double now, std::uint64_t record);
  // The first time in (now, until] at which a delay ends or a trigger changes by the time alone; infinity
  // when there is none. `until` becomes less where the search would take too long.
  double next(double* x, double* registers, double now, double& until);
  // The state, or the course of the variables with rates, has changed at this time otherwise than by
  // happen().
  void forget(double now) { crossings_.forget(now); }
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
  double root(const Formula& formula, double* x, double* registers) const;

  const Network& network_;
  const Flow& flow_;
  Crossings crossings_;
  random::Key key_;
  // Choices among events of equal priority: choice i of trajectory k is word 0 of block 2^61 + i.
  random::Source ties_;
  random::Source& draws_;
  std::vector<std::uint8_t> state_;  // of each trigger when last seen
  std::vector<Pending> pending_;
  std::vector<double> priority_;
};

}  // namespace stochos::reactions
