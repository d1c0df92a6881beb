// Next reaction method: M. A. Gibson, J. Bruck, "Efficient exact stochastic simulation of chemical systems
// with many species and many channels", J. Phys. Chem. A 104 (2000). Every reaction keeps its own time in an
// indexed heap, and one number is drawn an event. Best for large networks in which a reaction moves few
// others.
#pragma once
#include <cstdint>
#include <vector>

#include "random/distributions.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

class Next {
 public:
  Next(const Network& network, random::Key key);
  void begin(const double* x, double* registers, std::uint64_t record);
  void refresh(const double* x, double* registers, double time);
  double next(double now);
  std::uint32_t fire(double* x, double* registers, double now);
  void moved(std::uint32_t reaction, const double* x, double* registers, double now);

 private:
  double time_of(double propensity, double now);
  void place(std::uint32_t at, std::uint32_t reaction) noexcept {
    heap_[at] = reaction;
    where_[reaction] = at;
  }
  void up(std::uint32_t at) noexcept;
  void down(std::uint32_t at) noexcept;
  void place_anew(std::uint32_t reaction) noexcept;

  const Network& network_;
  random::Key key_;
  random::Source source_;
  std::vector<double> propensity_, time_;
  std::vector<std::uint32_t> heap_, where_;
};

}  // namespace stochos::reactions
