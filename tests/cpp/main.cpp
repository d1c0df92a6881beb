// Runs the tests: stochos_tests [part of their names].
#include <cstdio>
#include <exception>
#include <string_view>

#include "base/cpu.hpp"
#include "base/error.hpp"
#include "check.hpp"

int main(int count, char** given) {
  try {
    std::printf("instruction set: %s\n", stochos::cpu_level_name(stochos::cpu_level()));
  } catch (const stochos::Error& error) {
    std::printf("skipped: %s\n", error.what());
    return 77;  // ctest's SKIP_RETURN_CODE: this machine lacks the level
  }
  const std::string_view part = count > 1 ? given[1] : "";
  int passed = 0, failed = 0;
  for (const check::Test& test : check::all()) {
    if (std::string_view(test.name).find(part) == std::string_view::npos) continue;
    const int before = check::failures;
    try {
      test.run();
    } catch (const std::exception& error) {
      ++check::failures;
      std::fprintf(stderr, "%s: threw %s\n", test.name, error.what());
    }
    if (check::failures == before) {
      ++passed;
      continue;
    }
    ++failed;
    std::fprintf(stderr, "FAILED %s\n", test.name);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
