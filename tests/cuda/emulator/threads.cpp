// A block's threads as fibers of one thread of the system, one block after the other.
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "card.hpp"
#include "cuda_runtime.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(STOCHOS_FIBERS_ARE_THREADS)
#include <sanitizer/tsan_interface.h>
#endif
#if !defined(__SANITIZE_ADDRESS__) && !defined(STOCHOS_FIBERS_ARE_THREADS)
#include <csetjmp>  // whose jumps are no calls of the system, as swapcontext's are; the sanitizers forbid them
#define QUICK_SWITCH 1
#endif

namespace emulated {
namespace {

constexpr std::size_t kStack = std::size_t{256} << 10;
constexpr unsigned kWarp = 32;

struct Fiber {
  Thread thread;
  std::size_t number = 0;   // in its block
  Wait waits = Wait::none;  // for what
  bool done = true, is = false;
  std::uint64_t value = 0;  // of an exchange
  unsigned answer = 0;      // of a wait
  std::uint32_t mask = 0;
  ucontext_t context{};
  std::unique_ptr<char[]> stack;
  const void* bottom = nullptr;  // of its stack
  std::size_t size = 0;
#if QUICK_SWITCH
  std::jmp_buf place{};
  bool began = false;
#endif
#if defined(STOCHOS_FIBERS_ARE_THREADS)
  void* tsan = nullptr;
#endif
};

// The launch that runs. There is one at a time: card.cpp's lock is held.
struct Grid {
  std::deque<Fiber> fibers;  // kept from launch to launch, each at rest before its next block
  std::size_t size = 0;      // those of a block
  Fiber scheduler;
  // The places of these two stand for a block's end and its begin, too: see comes_before.
  Fiber* now = nullptr;
  const std::function<void()>* kernel = nullptr;
  void* shared = nullptr;
} grid;

// What orders the reads and writes of fibers, for the thread sanitizer: a block's begin and end, and
// barriers.
void comes_before([[maybe_unused]] void* place) {
#if defined(STOCHOS_FIBERS_ARE_THREADS)
  __tsan_release(place);
#endif
}
void comes_after([[maybe_unused]] void* place) {
#if defined(STOCHOS_FIBERS_ARE_THREADS)
  __tsan_acquire(place);
#endif
}

[[noreturn]] void stop(const char* what) {
  std::fprintf(stderr, "emulated card: %s\n", what);
  std::abort();
}

#if defined(__SANITIZE_ADDRESS__)
// Of the stack that was left: fibers are left for the scheduler alone, which is another thread's in another
// launch.
void came_back(void* own) {
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(own, &bottom, &size);
  if (grid.now == &grid.scheduler) return;
  grid.scheduler.bottom = bottom;
  grid.scheduler.size = size;
}
#endif

void switch_to(Fiber& from, Fiber& to) {
  grid.now = &to;
#if defined(STOCHOS_FIBERS_ARE_THREADS)
  __tsan_switch_to_fiber(to.tsan, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__SANITIZE_ADDRESS__)
  void* own = nullptr;
  __sanitizer_start_switch_fiber(&own, to.bottom, to.size);
  swapcontext(&from.context, &to.context);
  came_back(own);
#elif QUICK_SWITCH
  if (_setjmp(from.place) != 0) return;
  if (to.began) _longjmp(to.place, 1);
  to.began = true;
  setcontext(&to.context);
#else
  swapcontext(&from.context, &to.context);
#endif
}

void yield() {
  switch_to(*grid.now, grid.scheduler);
}

void fiber_main() {
#if defined(__SANITIZE_ADDRESS__)
  came_back(nullptr);
#endif
  for (;;) {  // a turn for each block
    comes_after(&grid.kernel);
    (*grid.kernel)();
    comes_before(&grid.now);
    grid.now->done = true;
    yield();
  }
}

void begin(Fiber& fiber) {
  fiber.stack = std::make_unique_for_overwrite<char[]>(kStack);
  fiber.bottom = fiber.stack.get();
  fiber.size = kStack;
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = kStack;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, fiber_main, 0);
#if defined(STOCHOS_FIBERS_ARE_THREADS)
  fiber.tsan = __tsan_create_fiber(0);
#endif
}

void make_fibers(std::size_t count) {
  while (grid.fibers.size() < count) {
    begin(grid.fibers.emplace_back());
    grid.fibers.back().number = grid.fibers.size() - 1;
  }
  grid.size = count;
#if defined(STOCHOS_FIBERS_ARE_THREADS)
  grid.scheduler.tsan = __tsan_get_current_fiber();
#endif
#if QUICK_SWITCH
  grid.scheduler.began = true;
#endif
}

bool is_of_block(Wait what) {
  return what == Wait::block || what == Wait::count;
}

// Lets the threads from `begin` to before `end` go on if all of them wait for one another.
bool release(std::size_t begin, std::size_t end, bool of_block) {
  const Wait what = grid.fibers[begin].waits;
  std::size_t waiting = 0, ended = 0;
  std::uint32_t mask = 0;
  unsigned said = 0;
  bool same = true;
  std::uint64_t values[kWarp] = {};
  for (std::size_t k = begin; k < end; ++k) {
    const Fiber& fiber = grid.fibers[k];
    ended += fiber.done ? 1 : 0;
    if (fiber.done || fiber.waits == Wait::none || is_of_block(fiber.waits) != of_block) continue;
    ++waiting;
    same = same && fiber.waits == what;
    said += fiber.is ? 1 : 0;
    mask |= fiber.is ? 1U << (k - begin) % kWarp : 0U;
    values[(k - begin) % kWarp] = fiber.value;
  }
  if (waiting == 0 || waiting + ended < end - begin) return false;
  // The kernels name all lanes of a warp where they wait, and all threads of a block: none may have ended.
  if (ended > 0) stop("some threads wait at a barrier after others have ended");
  if (!same) stop("threads that belong together wait at different barriers");
  for (std::size_t k = begin; k < end; ++k) {
    Fiber& fiber = grid.fibers[k];
    if (what == Wait::shuffle) fiber.value = values[(k - begin) ^ fiber.answer];
    fiber.answer = said;
    fiber.mask = mask;
    fiber.waits = Wait::none;
  }
  return true;
}

void run_block(std::minstd_rand& order) {
  std::vector<std::size_t> turn;
  for (;;) {
    turn.clear();
    bool some = false;
    for (std::size_t k = 0; k < grid.size; ++k) {
      if (grid.fibers[k].done) continue;
      some = true;
      if (grid.fibers[k].waits == Wait::none) turn.push_back(k);
    }
    if (!some) return;
    if (turn.empty()) stop("threads wait for one another in vain");
    std::shuffle(turn.begin(), turn.end(), order);
    for (const std::size_t k : turn) switch_to(grid.scheduler, grid.fibers[k]);
    for (std::size_t begin = 0; begin < grid.size; begin += kWarp)
      release(begin, std::min(begin + kWarp, grid.size), false);
    release(0, grid.size, true);
  }
}

}  // namespace

const Thread& thread() {
  return grid.now->thread;
}

unsigned wait(Wait what, bool is) {
  Fiber& own = *grid.now;
  own.waits = what;
  own.is = is;
  // Shuffles and ballots wait, but order no reads and writes of memory: CUDA says so of them.
  const bool orders = what != Wait::shuffle && what != Wait::ballot;
  void* const warp = &grid.fibers[own.number / kWarp * kWarp];
  void* const barrier = is_of_block(what) ? &grid.fibers : warp;
  if (orders) comes_before(barrier);
  yield();
  if (orders) comes_after(barrier);
  return own.answer;
}

std::uint64_t exchange(std::uint64_t value, unsigned other) {
  Fiber& own = *grid.now;
  own.value = value;
  own.answer = other;
  wait(Wait::shuffle);
  return own.value;
}

std::uint32_t ballot(bool is) {
  wait(Wait::ballot, is);
  return grid.now->mask;
}

void* shared_memory() {
  return grid.shared;
}

void run_grid(dim3 size, dim3 block, std::size_t shared, const std::function<void()>& kernel) {
  Card card;
  if (!card.takes_launch(size, block, shared)) return;
  std::minstd_rand order(card.next_order());
  Buffer memory(shared);
  grid.kernel = &kernel;
  grid.shared = memory.data();
  make_fibers(std::size_t{block.x} * block.y * block.z);
  card.open();
  for (unsigned z = 0; z < size.z; ++z)
    for (unsigned y = 0; y < size.y; ++y)
      for (unsigned x = 0; x < size.x; ++x) {
        memory.fill();
        for (unsigned k = 0; k < grid.size; ++k) {
          Fiber& fiber = grid.fibers[k];
          fiber.done = false;
          fiber.thread = {dim3(k % block.x, k / block.x % block.y, k / block.x / block.y), dim3(x, y, z),
                          block, size};
        }
        comes_before(&grid.kernel);
        run_block(order);
        comes_after(&grid.now);
      }
  card.close();
}

}  // namespace emulated
