// The clock of reactions whose laws move with the time, by thinning: P. A. W. Lewis, G. S. Shedler,
// "Simulation of nonhomogeneous Poisson processes by thinning", Naval Research Logistics Quarterly 26 (1979);
// M. Voliotis, P. Thomas, R. Grima, C. G. Bowsher, "Stochastic simulation of biomolecular networks in dynamic
// environments", PLOS Comput. Biol. 12 (2016), for reaction networks ("Extrande").
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "expr/interval.hpp"
#include "random/distributions.hpp"
#include "reactions/flow.hpp"

namespace stochos::reactions {

// Over a window of time the laws lie below bounds that interval arithmetic gives. Candidates come with the
// rate B of all bounds together; candidate i of trajectory k takes block 2^62 + i of its stream: words 0, 1
// make the waiting time -log(u)/B, words 2, 3 say by u B which law it belongs to and whether it is taken. A
// candidate behind the end of its window is dropped, as waiting times have no memory. Windows depend on what
// has happened alone, not on output times.
class Thinning {
 public:
  Thinning(const Network& network, const Flow& flow, random::Key key);
  void begin(std::uint64_t record);
  // What the laws read has changed: the window ends.
  void forget() noexcept { open_ = false; }
  // The first candidate in (now, until] that is taken, infinity for none; then reaction() tells which.
  // Nothing but the time moves before `next`. `until` becomes less where the work would take too long.
  double next(double* x, double* registers, double now, double next, double& until);
  std::uint32_t reaction() const noexcept { return network_.timed()[chosen_].reaction; }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  void open(double* x, double* registers, double from, double next);
  void draw();
  bool taken(double* x, double* registers);
  [[noreturn]] void fail(std::size_t at, double value, double time, const char* why) const;

  const Network& network_;
  const Flow& flow_;
  random::Key key_;
  random::Source source_;
  std::vector<double> bound_, value_;
  std::vector<expr::Interval> slots_, registers_;
  bool open_ = false;
  double end_ = 0, wish_ = 0, total_ = 0, candidate_ = 0, height_ = 0;
  std::size_t chosen_ = 0;
};

}  // namespace stochos::reactions
