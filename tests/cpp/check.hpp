// A very small test frame: CHECK(condition) in functions registered by TEST(name).
#pragma once
#include <cstdio>
#include <string>
#include <vector>

namespace check {
struct Test {
  const char* name;
  void (*run)();
};
inline std::vector<Test>& all() {
  static std::vector<Test> tests;
  return tests;
}
inline int failures = 0;
struct Registered {
  Registered(const char* name, void (*run)()) { all().push_back({name, run}); }
};
inline void that(bool ok, const char* text, const char* file, int line) {
  if (ok) return;
  ++failures;
  std::fprintf(stderr, "%s:%d: CHECK(%s) failed\n", file, line, text);
}
}  // namespace check

#define TEST(name)                                               \
  static void name();                                            \
  static const check::Registered registered_##name(#name, name); \
  static void name()
#define CHECK(condition) check::that(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
