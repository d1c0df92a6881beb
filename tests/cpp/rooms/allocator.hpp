// The malloc of this program: it counts the blocks that live, and fails when it is told to.
//
// The linker's --wrap brings every call here that stands in the core's sources or in the tests', operator
// new's among them.
#pragma once
#include <cstdint>

namespace failures {

enum class Failing { one, all_from_there };

// The n-th allocation from now on fails (1: the next), or that one and all after it. 0 ends it.
void fail_at(std::uint64_t n, Failing which) noexcept;
// How many have failed since.
std::uint64_t failed() noexcept;
std::int64_t live_blocks() noexcept;

}  // namespace failures
