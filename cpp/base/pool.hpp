// The one thread pool. Tasks are numbered; which worker takes which task never changes a result.
#pragma once
#include <cstddef>
#include <functional>

#include "base/control.hpp"

namespace stochos {

// Runs task(0..count-1, slot) on `threads` workers and returns when all are done. `slot` < threads is the
// number of the calling lane, for scratch space. The calling thread only waits: it polls `control` every 20
// ms, so signals are seen also when threads == 1. The first exception of a task, or of the poll, stops the
// run and is thrown here. Safe from several threads at once and in a forked child. Tasks must not call
// parallel_run themselves.
void parallel_run(std::size_t count, unsigned threads,
                  const std::function<void(std::size_t task, unsigned slot)>& task, Control& control);

// Calls lane(threads - 1) on the calling thread, and lane(0..threads-2) on workers that come in time, for
// short work: no polling, no signals. A lane returns when there is nothing left to begin; what it waits for
// must have been begun. A worker has the same lane in all calls for so many threads. The first exception is
// thrown here. A lane may call this again.
void parallel_lanes(unsigned threads, const std::function<void(unsigned lane)>& lane);

// Runs task(0..count-1) on the calling thread and up to threads - 1 workers, for short work: no polling, no
// signals. The first exception stops the run and is thrown here. A task may call it again. Neighbours go to
// the same thread, the same in all calls, as long as none is behind.
void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t task)>& task);

// STOCHOS_NUM_THREADS, else what affinity and the cgroup's CPU quota allow. Throws Error(value) on a bad
// variable.
unsigned default_threads();

}  // namespace stochos
