#include <atomic>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/control.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/pool.hpp"
#include "check.hpp"
#include "folder.hpp"
#include "random/philox.hpp"

using namespace stochos;

// Known-answer vectors of Random123 (kat_vectors, philox4x32 10).
TEST(philox_known_answers) {
  using random::Block;
  CHECK((random::philox({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t f = 0xffffffff;
  CHECK((random::philox({f, f, f, f}, {f, f}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  CHECK((random::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
         Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(pool_runs_each_task_once_from_many_callers) {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 8; ++c) {
    callers.emplace_back([&] {
      for (unsigned threads : {1U, 2U, 3U, 8U}) {
        std::vector<std::atomic<int>> seen(1000);
        Control control;
        parallel_run(
            seen.size(), threads, [&](std::size_t i, unsigned slot) { seen[i] += slot < threads ? 1 : 100; },
            control);
        for (const auto& s : seen) wrong += s != 1;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST(pool_passes_on_a_task_exception) {
  Control control;
  bool caught = false;
  try {
    parallel_run(
        100, 2,
        [](std::size_t i, unsigned) {
          if (i == 17) throw std::runtime_error("seventeen");
        },
        control);
  } catch (const std::runtime_error& error) {
    caught = std::string(error.what()) == "seventeen";
  }
  CHECK(caught);
}

TEST(pool_stops_when_the_tick_says_no) {
  Control control([](std::uint64_t, std::uint64_t) { return false; });
  bool stopped = false;
  try {
    parallel_run(
        2, 2,
        [&](std::size_t, unsigned) {
          while (!control.stopped()) std::this_thread::yield();
        },
        control);
  } catch (const Stopped&) {
    stopped = true;
  }
  CHECK(stopped);
}

namespace {
std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}
}  // namespace

TEST(atomic_file_replaces_whole_or_not_at_all) {
  const Folder folder;
  const std::string path = folder.file("a");
  {
    AtomicFile file(path, "test");
    file.write("one", 3);
    file.commit();
  }
  CHECK(content(path) == "one");
  {
    AtomicFile file(path, "test");
    file.write("two", 3);
  }
  CHECK(content(path) == "one");
  bool failed = false;
  try {
    AtomicFile file(folder.file("missing/a"), "test");
  } catch (const Error& error) {
    failed = error.kind() == ErrorKind::os && error.os_code() == ENOENT;
  }
  CHECK(failed);
  CHECK(folder.count() == 1);  // nothing else was left behind
}

TEST(spill_buffer_keeps_its_bytes_when_it_moves_to_disk) {
  SpillBuffer buffer(1 << 20, "/tmp", "test");
  const std::size_t n = 5000000;
  for (std::size_t i = 0; i < n; ++i) {
    buffer.resize((i + 1));
    buffer.data()[i] = static_cast<char>(i * 31 % 127);
  }
  CHECK(buffer.on_disk());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < n; ++i) wrong += buffer.data()[i] != static_cast<char>(i * 31 % 127);
  CHECK(wrong == 0);
}
