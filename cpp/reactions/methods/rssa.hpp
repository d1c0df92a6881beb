// Rejection-based simulation: V. H. Thanh, C. Priami, R. Zunino, "Efficient rejection-based simulation of
// biochemical reactions with stochastic noise and delays", J. Chem. Phys. 141 (2014). Propensities are
// bounded over an interval around each amount and computed anew only when an amount leaves its interval; a
// candidate is taken with the chance of its true propensity over the bound. Best where each reaction moves
// many others and amounts are large.
//
// With Powers for the bounds it is RSSACR, by V. H. Thanh, R. Zunino, C. Priami, "Efficient constant-time
// complexity algorithm for stochastic simulation of large reaction networks", IEEE/ACM Trans. Comput. Biol.
// Bioinform. 14 (2017): the choice of a candidate costs the same however many reactions there are.
#pragma once
#include <cstdint>
#include <vector>

#include "random/distributions.hpp"
#include "reactions/methods/powers.hpp"
#include "reactions/methods/sums.hpp"
#include "reactions/network.hpp"

namespace stochos::reactions {

// Work done since an object was made, for the choice of a method.
struct RejectionWork {
  std::uint64_t candidates = 0, bounds = 0;
  std::uint64_t renewed = 0;  // times that bounds were summed anew
  std::uint64_t places = 0;   // sum of the candidates' numbers: a search from the first passes them
};

// A law that is an expression has no known bound: it is computed anew after each reaction that moves it.
template <class Bounds>
class Rejection {
 public:
  Rejection(const Network& network, random::Key key);
  void begin(const double* x, double* registers, std::uint64_t record);
  void refresh(const double* x, double* registers, double time);
  double next(double now);
  std::uint32_t fire(double* x, double* registers, double now);
  void moved(std::uint32_t reaction, const double* x, double* registers, double now);
  const RejectionWork& work() const noexcept { return work_; }

 private:
  void enclose(std::uint32_t species, double amount) noexcept;
  void bound(std::uint32_t reaction);
  void bound_readers(std::uint32_t species);
  void refuse(std::uint32_t reaction, bool close);
  void renew() noexcept;

  const Network& network_;
  random::Key key_;
  random::Source source_;
  std::uint32_t count_;
  std::vector<double> least_, most_;  // slots with the ends of the intervals
  std::vector<double> low_;
  Bounds high_;
  std::vector<std::vector<std::uint32_t>> exact_;  // of each reaction: those with an expression that it moves
  std::vector<std::uint32_t> wasted_;              // of each species: candidates that it has cost
  std::uint32_t chosen_ = 0;
  RejectionWork work_;
  std::uint64_t summed_ = 0;  // bounds made when they were last summed
  const double* x_ = nullptr;
  double* registers_ = nullptr;
};

extern template class Rejection<Sums>;
extern template class Rejection<Powers>;

}  // namespace stochos::reactions
