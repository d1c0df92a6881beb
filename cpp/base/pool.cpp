#include "base/pool.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/os.hpp"
#include "base/spin.hpp"

namespace stochos {
namespace {

// How long a thread of short work looks for what comes next, before it sleeps: waking takes as long as such
// work.
constexpr std::chrono::microseconds kLinger{200};
constexpr std::chrono::milliseconds kStarved{1}, kLeastAlone{2}, kMostAlone{250};  // see judge()

using Clock = std::chrono::steady_clock;

// Looks until done() or until kLinger is over.
template <class Done>
void linger(Done&& done) {
  const auto end = Clock::now() + kLinger;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return;
      spin_pause();
    }
  } while (Clock::now() < end);
}

struct Job {
  unsigned threads = 1;
  const std::function<void(unsigned lane)>* lane = nullptr;  // a share of the work; returns when none is left
  Control* control = nullptr;
  bool brief = false;               // others like it will follow at once
  std::atomic<bool> closed{false};  // a lane found no more work
  std::vector<char> taken;  // lanes, under the pool's mutex; a worker could not answer for lack of memory
  unsigned joined = 0;      // how many of them, under the pool's mutex
  std::atomic<unsigned> running{0};  // lanes at work; changes under the pool's mutex
  std::exception_ptr failure;
  std::condition_variable finished;

  bool exhausted() const { return closed.load(std::memory_order_relaxed) || control->stopped(); }

  // A worker has the same lane in every job that has so many: what it wrote before is in its cache.
  unsigned join(unsigned worker) {
    unsigned at = worker;
    if (at >= threads || taken[at] != 0)
      at = static_cast<unsigned>(std::find(taken.begin(), taken.end(), 0) - taken.begin());
    taken[at] = 1;
    ++joined;
    return at;
  }

  // Gives back what the work threw.
  std::exception_ptr work(unsigned slot) {
    try {
      (*lane)(slot);
      closed.store(true, std::memory_order_relaxed);
      return nullptr;
    } catch (...) {
      control->request_stop();
      return std::current_exception();
    }
  }
};

class Pool {
 public:
  void run(Job& job) {
    std::unique_lock lock(mutex_);
    while (workers_ < job.threads) start_worker();
    jobs_.push_back(&job);
    const auto place = std::prev(jobs_.end());
    posted_.fetch_add(1, std::memory_order_release);
    wake_.notify_all();
    try {
      while (!(job.exhausted() && job.running == 0)) {
        job.finished.wait_for(lock, std::chrono::milliseconds(20));
        if (job.exhausted() && job.running == 0) break;
        lock.unlock();
        job.control->poll();
        lock.lock();
      }
    } catch (...) {
      job.control->request_stop();
      if (!lock.owns_lock()) lock.lock();
      if (!job.failure) job.failure = std::current_exception();
      job.finished.wait(lock, [&] { return job.running == 0; });
    }
    jobs_.erase(place);
    lock.unlock();
    if (job.failure) std::rethrow_exception(job.failure);
    job.control->poll();
  }

  // The caller works too and then waits for the others.
  void run_with_caller(Job& job) {
    const Clock::time_point begin = Clock::now();
    if (begin.time_since_epoch().count() < alone_until_.load(std::memory_order_relaxed)) {
      if (const std::exception_ptr failure = job.work(job.threads)) std::rethrow_exception(failure);
      return;
    }
    std::unique_lock lock = briefly_locked(mutex_);
    while (workers_ < job.threads) start_worker();
    jobs_.push_back(&job);
    const auto place = std::prev(jobs_.end());
    posted_.fetch_add(1, std::memory_order_release);
    caller_at_.store(os::current_processor(), std::memory_order_relaxed);
    // With more threads at work than processors, one that looks takes time from one that works.
    const bool lively = ++callers_ == 1 && workers_ < processors_;
    lively_.store(lively, std::memory_order_relaxed);
    unsigned asleep = job.threads > looking_ ? job.threads - looking_ : 0;
    lock.unlock();
    if (asleep > 0) call(asleep);
    const std::exception_ptr failure = job.work(job.threads);
    const Clock::time_point worked = Clock::now();
    if (lively) linger([&] { return job.running.load(std::memory_order_acquire) == 0; });
    lock = briefly_locked(mutex_);
    job.finished.wait(lock, [&] { return job.running == 0; });
    jobs_.erase(place);
    --callers_;
    missed_ = job.joined > 0 ? 0 : missed_ + 1;
    judge(worked - begin, Clock::now(), begin);
    lock.unlock();
    if (failure) std::rethrow_exception(failure);
    if (job.failure) std::rethrow_exception(job.failure);
  }

 private:
  // Wakes workers. One that has missed several calls may wait for this very processor; once it runs, it steps
  // aside.
  void call(unsigned asleep) {
    for (; asleep > 0; --asleep) wake_.notify_one();
    if (const unsigned missed = missed_.load(std::memory_order_relaxed);
        missed >= 2 && std::has_single_bit(missed))
      std::this_thread::yield();
  }

  // When the others took much longer than the caller, they had no processor: for a while it is quicker to
  // work alone.
  void judge(Clock::duration own, Clock::time_point end, Clock::time_point begin) {
    if (end - begin > 3 * own + kStarved) {
      alone_ = std::clamp<Clock::duration>(2 * alone_, kLeastAlone, kMostAlone);
      alone_until_.store((end + alone_).time_since_epoch().count(), std::memory_order_relaxed);
    } else {
      alone_ -= alone_ / 16;
    }
  }

  void start_worker() {
    // Workers live as long as the process: detached, so that interpreter exit never waits for a parked
    // thread.
    os::start_without_signals([this] { std::thread([this, number = workers_] { work(number); }).detach(); });
    ++workers_;
  }

  Job* open_job() {
    for (Job* job : jobs_) {
      if (job->joined < job->threads && !job->exhausted()) return job;
    }
    return nullptr;
  }

  void work(unsigned number) {
    std::unique_lock lock(mutex_);
    bool brief = true;  // the last that was heard of
    for (;;) {
      Job* job = open_job();
      if (job == nullptr && brief) job = look(lock);
      if (job == nullptr) {
        // Woken for a job that others have done by now, it looks out for the next.
        wake_.wait(lock);
        const int caller = caller_at_.load(std::memory_order_relaxed);
        if (caller >= 0 && caller == os::current_processor() && lively_.load(std::memory_order_relaxed)) {
          lock.unlock();
          // A thread that is woken is often put beside the one that woke it, and if both then look out for
          // each other they take turns where they could run at once.
          os::step_aside(caller);
          lock.lock();
        }
        continue;
      }
      const unsigned slot = job->join(number);
      ++job->running;
      brief = job->brief;
      lock.unlock();
      const std::exception_ptr failure = job->work(slot);
      lock = briefly_locked(mutex_);
      if (failure && !job->failure) job->failure = failure;
      // Notify under the lock: the waiter owns the job and may destroy it as soon as it is released.
      if (--job->running == 0) job->finished.notify_all();
    }
  }

  // The next job, when it comes in a moment.
  Job* look(std::unique_lock<std::mutex>& lock) {
    for (;;) {
      if (!lively_.load(std::memory_order_relaxed)) return nullptr;
      const unsigned seen = posted_.load(std::memory_order_relaxed);
      ++looking_;
      lock.unlock();
      linger([&] {
        return posted_.load(std::memory_order_acquire) != seen || !lively_.load(std::memory_order_relaxed);
      });
      lock = briefly_locked(mutex_);
      --looking_;
      if (Job* job = open_job(); job != nullptr) return job;
      if (posted_.load(std::memory_order_relaxed) == seen) return nullptr;
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Job*> jobs_;
  unsigned workers_ = 0, looking_ = 0, callers_ = 0;  // callers: of run_with_caller
  const unsigned processors_ = os::allowed_processors();
  Clock::duration alone_{0};
  std::atomic<Clock::rep> alone_until_{0};
  std::atomic<unsigned> posted_{0};  // jobs of all times
  std::atomic<bool> lively_{false};
  std::atomic<unsigned> missed_{0};  // calls in a row that no worker came to
  std::atomic<int> caller_at_{-1};   // processor of the last caller that works too
};

std::atomic<Pool*> current_pool{nullptr};

Pool& pool() {
  Pool* existing = current_pool.load(std::memory_order_acquire);
  if (existing == nullptr) {
    static const bool registered = [] {
      // A forked child has none of the threads and perhaps a locked mutex: it starts over with a pool of its
      // own.
      os::at_fork(nullptr, nullptr, [] { current_pool.store(nullptr, std::memory_order_release); });
      return true;
    }();
    (void)registered;
    auto* made = new Pool;
    if (current_pool.compare_exchange_strong(existing, made, std::memory_order_acq_rel)) return *made;
    delete made;
  }
  return *existing;
}

}  // namespace

void parallel_run(std::size_t count, unsigned threads, const std::function<void(std::size_t, unsigned)>& task,
                  Control& control) {
  if (count == 0) return;
  std::atomic<std::size_t> next{0};
  const std::function<void(unsigned)> lane = [&](unsigned slot) {
    for (;;) {
      const std::size_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= count || control.stopped()) return;
      task(index, slot);
    }
  };
  Job job;
  job.threads = std::max(1U, static_cast<unsigned>(std::min<std::size_t>(threads, count)));
  job.taken.assign(job.threads, 0);
  job.lane = &lane;
  job.control = &control;
  pool().run(job);
}

void parallel_lanes(unsigned threads, const std::function<void(unsigned)>& lane) {
  if (threads <= 1) return lane(0);
  Control control;
  Job job;
  job.threads = threads - 1;
  job.taken.assign(job.threads, 0);
  job.lane = &lane;
  job.control = &control;
  job.brief = true;
  pool().run_with_caller(job);
}

void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& task) {
  if (count <= 1 || threads <= 1) {
    for (std::size_t i = 0; i < count; ++i) task(i);
    return;
  }
  struct alignas(64) Range {
    std::atomic<std::size_t> next{0};
    std::size_t end = 0;
  };
  const auto lanes = static_cast<unsigned>(std::min<std::size_t>(threads, count));
  std::vector<Range> ranges(lanes);
  for (unsigned i = 0; i < lanes; ++i) {
    ranges[i].next.store(count * i / lanes, std::memory_order_relaxed);
    ranges[i].end = count * (i + 1) / lanes;
  }
  std::atomic<bool> failed{false};
  parallel_lanes(lanes, [&](unsigned lane) {
    // Its own tasks, then those of lanes that are behind.
    for (unsigned ahead = 0; ahead < lanes; ++ahead) {
      Range& range = ranges[(lane + ahead) % lanes];
      for (;;) {
        const std::size_t index = range.next.fetch_add(1, std::memory_order_relaxed);
        if (index >= range.end || failed.load(std::memory_order_relaxed)) break;
        try {
          task(index);
        } catch (...) {
          failed.store(true, std::memory_order_relaxed);
          throw;
        }
      }
    }
  });
}

unsigned default_threads() {
  constexpr unsigned kMostThreads = 1024;
  if (const char* text = std::getenv("STOCHOS_NUM_THREADS"); text != nullptr && *text != '\0') {
    char* end = nullptr;
    const long wanted = std::strtol(text, &end, 10);
    if (*end != '\0' || wanted < 1 || wanted > static_cast<long>(kMostThreads)) {
      throw Error(ErrorKind::value, "config.threads",
                  "STOCHOS_NUM_THREADS='" + std::string(text) + "' is not a whole number from 1 to 1024");
    }
    return static_cast<unsigned>(wanted);
  }
  return std::min(os::allowed_processors(), kMostThreads);
}

}  // namespace stochos
