#include <atomic>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/pool.hpp"
#include "check.hpp"

using namespace stochos;

TEST(short_work_runs_each_task_once) {
  std::vector<std::atomic<int>> seen(7);
  for (int round = 0; round < 3000; ++round) parallel_for(seen.size(), 3, [&](std::size_t i) { ++seen[i]; });
  for (const auto& s : seen) CHECK(s == 3000);
}

TEST(what_a_task_wrote_is_seen_after_short_work) {
  std::vector<int> plain(64, 0);  // not atomic: the thread sanitizer looks on
  int wrong = 0;
  for (int round = 1; round <= 2000; ++round) {
    parallel_for(plain.size(), 2, [&](std::size_t i) { plain[i] += 1; });
    for (const int value : plain) wrong += value != round;
  }
  CHECK(wrong == 0);
}

TEST(short_work_from_many_callers_and_within_a_task) {
  std::atomic<int> total{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 8; ++c) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round)
        parallel_for(4, 2, [&](std::size_t) { parallel_for(3, 3, [&](std::size_t) { ++total; }); });
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(total == 8 * 50 * 4 * 3);
}

TEST(a_lane_is_begun_once_and_the_caller_has_the_last) {
  const std::thread::id caller = std::this_thread::get_id();
  int wrong = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::atomic<int>> begun(3);
    std::atomic<int> left{40};
    std::atomic<bool> last_is_callers{false};
    parallel_lanes(3, [&](unsigned lane) {
      ++begun[lane];
      if (lane == 2) last_is_callers = std::this_thread::get_id() == caller;
      while (left.fetch_sub(1) > 0) {
      }
    });
    wrong += !last_is_callers || begun[0] > 1 || begun[1] > 1 || begun[2] != 1 || left > 0;
  }
  CHECK(wrong == 0);
}

TEST(a_lane_that_throws_ends_short_work) {
  for (int round = 0; round < 200; ++round) {
    bool caught = false;
    try {
      parallel_lanes(2, [](unsigned lane) {
        if (lane == 1) throw std::runtime_error("caller");
      });
    } catch (const std::runtime_error&) {
      caught = true;
    }
    CHECK(caught);
  }
}

TEST(short_work_passes_on_a_task_exception_and_goes_on) {
  for (int round = 0; round < 200; ++round) {
    bool caught = false;
    try {
      parallel_for(8, 2, [](std::size_t i) {
        if (i == 5) throw std::runtime_error("five");
      });
    } catch (const std::runtime_error& error) {
      caught = std::string(error.what()) == "five";
    }
    CHECK(caught);
  }
  std::atomic<int> after{0};
  parallel_for(8, 2, [&](std::size_t) { ++after; });
  CHECK(after == 8);
}

// Between a task's request to stop, which its failure makes, and the end of its work the waiting thread looks
// on.
TEST(the_error_of_a_task_is_told_whenever_the_waiting_thread_looks) {
  for (const bool ticking : {false, true}) {
    Control control = ticking ? Control([](std::uint64_t, std::uint64_t) { return true; }) : Control();
    std::string caught;
    try {
      parallel_run(
          1, 1,
          [&](std::size_t, unsigned) {
            control.request_stop();
            std::this_thread::sleep_for(std::chrono::milliseconds(70));
            throw std::runtime_error("of the task");
          },
          control);
    } catch (const std::exception& error) {
      caught = error.what();
    }
    CHECK(caught == "of the task");
  }
}

TEST(workers_sleep_soon_after_short_work) {
  for (int round = 0; round < 200; ++round) parallel_for(4, 2, [](std::size_t) {});
  const auto asleep = [] {
    const std::clock_t before = std::clock();  // CPU time of the process
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  };
  const double first = asleep(), second = asleep();
  if (second > 0.19) return;  // Windows counts the time that has gone by
  // They look around for a fifth of a millisecond.
  CHECK(first < 0.02);
}
