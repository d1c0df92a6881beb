// Memory for large plain arrays.
#pragma once
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace stochos {

// Asks for huge pages for a large block that has not been touched yet: fewer faults when it is filled, and
// fewer misses of the address cache when it is read at random. A hint only; small blocks are left alone.
void prefer_huge_pages(void* data, std::size_t size) noexcept;

// std::allocator, but resize() leaves new numbers unset, so that several threads can fill them first.
template <class T>
struct Unset : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = Unset<U>;
  };
  Unset() = default;
  template <class U>
  Unset(const Unset<U>&) noexcept {}
  template <class U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <class U, class... Args>
  void construct(U* place, Args&&... args) {
    std::allocator_traits<std::allocator<T>>::construct(*this, place, std::forward<Args>(args)...);
  }
};

template <class T>
using UnsetVector = std::vector<T, Unset<T>>;

}  // namespace stochos
