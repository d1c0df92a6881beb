// Waiting for what another thread is about to do.
#pragma once
#include <mutex>

namespace stochos {

// Between two looks at what is waited for: leaves the core to its other thread for some cycles.
inline void spin_pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Takes a mutex that is held for a few instructions at a time: trying for a moment is cheaper than sleeping,
// and much cheaper than being woken.
inline std::unique_lock<std::mutex> briefly_locked(std::mutex& mutex) {
  std::unique_lock lock(mutex, std::try_to_lock);
  for (int i = 0; i < 64 && !lock.owns_lock(); ++i) {
    spin_pause();
    if (lock.try_lock()) break;
  }
  if (!lock.owns_lock()) lock.lock();
  return lock;
}

}  // namespace stochos
