// Waiting for what another thread is about to do.
#pragma once

namespace stochos {

// Between two looks at what is waited for: leaves the core to its other thread for some cycles.
inline void spin_pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace stochos
