#include <cstdio>
#include <exception>

#include "base/cpu.hpp"
#include "base/error.hpp"
#include "check.hpp"

int main() {
  try {
    std::printf("instruction set: %s\n", stochos::cpu_level_name(stochos::cpu_level()));
  } catch (const stochos::Error& error) {
    std::printf("skipped: %s\n", error.what());
    return 77;  // ctest's SKIP_RETURN_CODE: this machine lacks the level
  }
  int failed = 0;
  for (const check::Test& test : check::all()) {
    const int before = check::failures;
    try {
      test.run();
    } catch (const std::exception& error) {
      ++check::failures;
      std::fprintf(stderr, "%s: threw %s\n", test.name, error.what());
    }
    if (check::failures != before) {
      ++failed;
      std::fprintf(stderr, "FAILED %s\n", test.name);
    }
  }
  std::printf("%zu passed, %d failed\n", check::all().size() - static_cast<std::size_t>(failed), failed);
  return failed == 0 ? 0 : 1;
}
