// Fuzz the core's own readers, without Python: stochos_fuzz [inputs for each] [seed] [part of a reader's
// name]. Built under the address and undefined-behaviour sanitizers by the preset `fuzz`.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "targets.hpp"

namespace {

constexpr double kSlowest = 1;  // seconds of a processor, which no other program takes from
constexpr long kMost =
    768L << 10;  // KiB that all inputs of a target may add, the sanitizer's quarantine among them

long most_memory() {  // KiB, so far
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

double spent() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// What an error says, without what stands in it of the input.
std::string shape(const std::string& said) {
  std::string made;
  bool letters = true;
  for (const char c : said) {
    const bool letter = (c >= 'a' && c <= 'z') || c == ' ';
    if (letter) made += c;
    letters = letters && letter;
  }
  return made.substr(0, 60);
}

void show(const char* name, const std::string& what, const std::string& data) {
  std::printf("  %s: %s:", name, what.c_str());
  for (const char c : data.substr(0, 200))
    std::printf(c >= ' ' && c <= '~' ? "%c" : "\\x%02x", static_cast<unsigned char>(c));
  std::printf("\n");
}

std::size_t tried(const fuzz::Target& target, std::size_t inputs, std::uint64_t seed) {
  fuzz::Dice dice(seed);
  std::vector<std::string> pool = target.seeds;
  std::set<std::string> kinds;
  std::size_t faults = 0;
  const double begin = spent();
  const long before = most_memory();
  for (std::size_t i = 0; i < inputs; ++i) {
    const std::string data = i < pool.size()
                                 ? pool[i]
                                 : fuzz::mutated(pool[dice.below(pool.size())], pool[dice.below(pool.size())],
                                                 target.tokens, dice);
    const double start = spent();
    std::string said;
    try {
      said = target.run(data);
    } catch (const std::exception& error) {
      if (++faults < 10) show(target.name.c_str(), error.what(), data);
    }
    if (spent() - start > kSlowest && ++faults < 10) show(target.name.c_str(), "slow", data);
    // An input that is refused in a new way leads to places where the others do not.
    if (pool.size() < 2000 && kinds.insert(shape(said)).second) pool.push_back(data);
  }
  if (most_memory() - before > kMost && ++faults > 0) show(target.name.c_str(), "memory", "");
  std::printf("%-24s %10zu inputs, %8.0f a second of a processor, %zu faults\n", target.name.c_str(), inputs,
              static_cast<double>(inputs) / (spent() - begin), faults);
  std::fflush(stdout);
  return faults;
}

}  // namespace

// A single allocation beyond this ends the run with a report: a size that was believed.
extern "C" const char* __asan_default_options() {
  return "max_allocation_size_mb=256:allocator_may_return_null=0:quarantine_size_mb=128";
}

int main(int count, char** arguments) {
  const std::size_t inputs = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 200'000;
  const std::uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 0;
  // Each in a process of its own, as many at once as there are processors: what it takes of memory is its
  // own.
  std::vector<fuzz::Target> targets = fuzz::targets();
  const std::string part = count > 3 ? arguments[3] : "";
  std::erase_if(targets,
                [&](const fuzz::Target& target) { return target.name.find(part) == std::string::npos; });
  const std::size_t most = std::max(1U, std::thread::hardware_concurrency());
  std::size_t started = 0, ended = 0, faults = 0;
  while (ended < targets.size()) {
    while (started < targets.size() && started - ended < most) {
      const pid_t child = ::fork();
      if (child == 0) {
        const fuzz::Target& target = targets[started];
        std::exit(tried(target, std::max<std::size_t>(inputs / target.one_in, 1), seed) == 0 ? 0 : 1);
      }
      if (child < 0) return 2;
      ++started;
    }
    int status = 0;
    if (::wait(&status) < 0) return 2;
    ++ended;
    faults += status != 0;
  }
  return faults == 0 && !targets.empty() ? 0 : 1;
}
