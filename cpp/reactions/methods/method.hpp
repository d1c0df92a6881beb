// The protocol of the exact methods, and the event loop that all of them share.
//
// A method is a class with
//   Method(const Network&, Key)            takes all memory that it will need
//   void begin(x, registers, record)       a new trajectory: its stream, all propensities
//   void refresh(x, registers, time)       the state was changed from outside: forget what is scheduled
//   double next(time)                      time of the next reaction; infinity when none can fire. Called
//   once
//                                          before each fire() or refresh()
//   uint32 fire(x, registers, time)        chooses the reaction of that time, applies it, renews what it
//   moved
//   void moved(reaction, x, registers, time)  a reaction was applied from outside, after next(): forgets what
//                                          is scheduled and renews what the reaction moved
// and with no allocation in next() and fire().
#pragma once
#include <cstdint>
#include <limits>
#include <memory>

#include "base/control.hpp"
#include "random/stream.hpp"
#include "reactions/network.hpp"
#include "reactions/plan.hpp"

namespace stochos::reactions {

inline constexpr double kMostTotal = std::numeric_limits<double>::max();
// What next() returns for a total that allows no reaction: infinity. Throws Error(value) when it is no finite
// number.
double no_reaction(double total, double now);

// A method with its loop and its memory; one for each thread.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual Ending run(std::uint64_t trajectory, Recorder& recorder, const Control& control) = 0;
};

using MakeRunner = std::unique_ptr<Runner> (*)(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_direct(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_sorting(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_first(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_next(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_cr(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_rssa(const Network&, const Plan&, random::Key);
std::unique_ptr<Runner> make_rssacr(const Network&, const Plan&, random::Key);

}  // namespace stochos::reactions
