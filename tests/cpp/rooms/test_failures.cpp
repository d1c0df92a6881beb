#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "../check.hpp"
#include "allocator.hpp"
#include "base/error.hpp"
#include "calls.hpp"
#include "tensor/buffer.hpp"

using namespace failures;

namespace {

constexpr std::int64_t kScratch = 40;  // blocks that workers may come to keep

struct Tried {
  double answer = 0;
  bool answered = false;
  std::string wrong;  // an exception that is no memory error
};

Tried tried(const std::function<double()>& run, std::uint64_t n, Failing which) {
  Tried found;
  fail_at(n, which);
  try {
    found.answer = run();
    found.answered = true;
  } catch (const std::bad_alloc&) {
  } catch (const stochos::Error& error) {
    if (error.kind() != stochos::ErrorKind::memory) found.wrong = error.what();
  } catch (const std::exception& error) {
    found.wrong = error.what();
  }
  return found;
}

// The call is done
//   - twice without failure, for what a process makes but once, and for the right answer;
//   - once for each of its allocations, which fails: a memory error, or the right answer all the same;
//   - once more for each, with all behind it failing too.
// After each, as many blocks live as before; where workers keep scratch memory of their own, which comes when
// chance has it, that is so at the end, but for a few.
void fails_everywhere(const rooms::Call& call) {
  const auto& [name, run, exact] = call;
  fail_at(0, Failing::one);
  run();
  const double right = run();
  stochos::tensor::drop_cached_buffers();
  const std::int64_t before = live_blocks();
  std::uint64_t count = 0;
  for (const Failing which : {Failing::one, Failing::all_from_there}) {
    for (std::uint64_t n = 1;; ++n) {
      Tried found = tried(run, n, which);
      const std::uint64_t failed_now = failed();
      fail_at(0, Failing::one);
      stochos::tensor::drop_cached_buffers();
      const std::int64_t grown = live_blocks() - before;
      const bool good =
          found.wrong.empty() && (!found.answered || found.answer == right) && (!exact || grown == 0);
      CHECK(good);
      if (!good) {
        std::fprintf(stderr, "  %s, allocation %lu%s: %s%s%ld blocks more\n", name.c_str(),
                     static_cast<unsigned long>(n), which == Failing::one ? "" : " and all after it",
                     found.wrong.c_str(), found.answered && found.answer != right ? " another answer, " : " ",
                     static_cast<long>(grown));
        return;
      }
      count += failed_now > 0;
      if (failed_now == 0) break;  // there is no n-th
    }
  }
  CHECK(count > 0);
  CHECK(live_blocks() - before <= (exact ? 0 : kScratch));
  CHECK(run() == right);
  std::printf("%-32s %6lu failures\n", name.c_str(), static_cast<unsigned long>(count));
}

}  // namespace

TEST(every_allocation_may_fail) {
  for (const rooms::Call& call : rooms::all_calls()) fails_everywhere(call);
}
