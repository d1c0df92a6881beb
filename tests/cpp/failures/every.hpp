// One run of a room, with a failure at each of its allocations in turn.
#pragma once
#include <functional>

namespace failures {

// `run` makes everything that it needs, and returns a number that tells whether its answer was right. It is
// done
//   - twice without failure, for what a process makes but once, and for the right answer;
//   - once for each of its allocations, which fails: a memory error, or the right answer all the same;
//   - once more for each, with all behind it failing too.
// After each, as many blocks live as before. With `exact` false, where workers keep scratch memory of their
// own that comes when chance has it, that is so at the end, but for a few blocks.
void every(const char* name, const std::function<double()>& run, bool exact = true);

}  // namespace failures
