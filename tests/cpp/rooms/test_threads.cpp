// Eight threads call every room at once, each call with the answer that it has alone. Under the thread
// sanitizer this finds races: `cmake --preset threads`.
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "../check.hpp"
#include "calls.hpp"

TEST(eight_threads_call_every_room) {
  const char* const wanted = std::getenv("STOCHOS_CALLS");  // of each thread
  const std::size_t times = wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 1000;
  const std::vector<rooms::Call> calls = rooms::all_calls();
  std::vector<double> right;
  for (const rooms::Call& call : calls) right.push_back(call.run());
  std::atomic<std::size_t> wrong{0}, done{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < times; ++i) {
        const std::size_t which = (i * (2 * t + 1) + t) % calls.size();
        wrong += calls[which].run() != right[which];
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(done == 8 * times);
  CHECK(wrong == 0);
}
