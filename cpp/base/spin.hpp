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

// A mutex that is held for a few instructions at a time: trying for a moment is cheaper than sleeping, and
// much cheaper than being woken.
class BriefMutex {
 public:
  void lock() {
    for (int i = 0; i < 64; ++i) {
      if (mutex_.try_lock()) return;
      spin_pause();
    }
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }
  bool try_lock() { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

}  // namespace stochos
