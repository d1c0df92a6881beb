// Where triggers change between two reactions that are not linear in the time.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "expr/interval.hpp"
#include "reactions/flow.hpp"

namespace stochos::reactions {

// The trigger is enclosed over a window by interval arithmetic; where it may go both ways the window is
// halved, the earlier half first, down to 2^-40 of the time. What stays in doubt is looked at where it ends.
// So a change is found within that of its true place, and one that lasts less may be missed.
class Crossings {
 public:
  Crossings(const Network& network, const Flow& flow);
  // What the triggers read has changed: looks anew from `now` on.
  void forget(double now);
  // The first time in (now, until] at which a curved trigger is no longer what `state` says, infinity for
  // none. `until` becomes less where the work would take too long.
  double next(double* x, double* registers, const std::vector<std::uint8_t>& state, double now,
              double& until);

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  struct Watch {
    std::uint32_t event = 0;
    double clear = 0;       // no change from the last look up to here
    double found = kNever;  // behind `clear`
    double wish = 1;        // length of the next window
  };
  double search(Watch& watch, double* x, double* registers, bool state, double from, double to);

  const Network& network_;
  const Flow& flow_;
  std::vector<Watch> watches_;
  std::vector<expr::Interval> slots_, registers_;
  std::vector<double> ends_;  // of the parts still to be looked at, the next one last
};

}  // namespace stochos::reactions
