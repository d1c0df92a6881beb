// operator new and delete of the test programs.
#pragma once
#include <cstdint>

namespace memory {

// How often the program, or a library of it, has called operator new.
std::uint64_t made() noexcept;

}  // namespace memory
