// Laws and rules of several states at once.
#include <algorithm>

#include "reactions/network.hpp"

namespace stochos::reactions {

std::size_t Network::lanes_scratch(std::size_t lanes) const {
  std::size_t most = 0;
  for (const Formula& law : laws_) most = std::max(most, law.registers());
  for (const Formula& rule : assigned_) most = std::max(most, rule.registers());
  return (most + 3) * lanes;
}

void Network::slow_lanes(std::uint32_t r, const double* x, std::size_t lanes, double* a,
                         double* scratch) const {
  if (kind_[r] == Kind::product) {
    std::fill_n(a, lanes, constant_[r]);
    const auto species = order_species_[law_of_[r]], orders = order_[law_of_[r]];
    for (std::size_t i = 0; i < species.size(); ++i) {
      const double* const amount = x + species[i] * lanes;
      for (std::uint32_t k = 0; k < orders[i]; ++k)
        for (std::size_t lane = 0; lane < lanes; ++lane) a[lane] = a[lane] * (amount[lane] - k) / (k + 1);
      for (std::size_t lane = 0; lane < lanes; ++lane)
        if (amount[lane] < orders[i]) a[lane] = 0;
    }
    return;
  }
  laws_[law_of_[r]].program().run_lanes(x, lanes, a, scratch);
  for (auto i = static_cast<std::size_t>(text_.reactant_start[r]);
       i < static_cast<std::size_t>(text_.reactant_start[r + 1]); ++i) {
    const double* const amount = x + text_.reactant_species[i] * lanes;
    const double least = text_.reactant_count[i];
    for (std::size_t lane = 0; lane < lanes; ++lane)
      if (amount[lane] < least) a[lane] = 0;
  }
}

void Network::assign_lanes(double* x, std::size_t lanes, double* scratch) const {
  for (std::size_t i = 0; i < assigned_.size(); ++i)
    assigned_[i].program().run_lanes(x, lanes, x + assigned_slot_[i] * lanes, scratch);
}

}  // namespace stochos::reactions
