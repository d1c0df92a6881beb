#include "reactions/delays.hpp"

#include <algorithm>
#include <sstream>

#include "base/error.hpp"

namespace stochos::reactions {

void Delays::keep(std::uint32_t reaction, const double* x, double* registers, double now) {
  const double delay = network_.delay(reaction)->time.run(x, registers, draws_);
  if (!(delay >= 0 && delay <= std::numeric_limits<double>::max())) {
    std::ostringstream text;
    text << "the delay of reaction " << network_.reaction_name(reaction) << " is " << delay << " at time "
         << now << "; a delay is a finite number from 0 on";
    throw Error(ErrorKind::value, "reactions.simulate", text.str());
  }
  waiting_.push_back({now + delay, started_++, reaction});
  std::push_heap(waiting_.begin(), waiting_.end(), after);
}

std::uint32_t Delays::complete(double* x, double* registers, double now) {
  std::pop_heap(waiting_.begin(), waiting_.end(), after);
  const std::uint32_t reaction = waiting_.back().reaction;
  waiting_.pop_back();
  x[network_.time_slot()] = now;
  network_.complete(reaction, x, registers);
  network_.assign_moving(x, registers);
  return network_.delay(reaction)->completion;
}

}  // namespace stochos::reactions
