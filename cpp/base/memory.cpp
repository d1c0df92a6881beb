#include "base/memory.hpp"

#include <cstdint>

#include "base/os.hpp"

namespace stochos {

void prefer_huge_pages(void* data, std::size_t size) noexcept {
  constexpr std::uintptr_t kPage = 4096, kHuge = std::uintptr_t{2} << 20;
  if (size < kHuge) return;
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kPage - 1) / kPage * kPage;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + size) / kPage * kPage;
  os::use_huge_pages(reinterpret_cast<void*>(begin), end - begin);
}

}  // namespace stochos
