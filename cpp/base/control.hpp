// Stop and progress of one long call. Workers poll stopped() and add to done(); the waiting thread polls the
// caller.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

namespace stochos {

class Control {
 public:
  // Called by the waiting thread every 20 ms; false asks the run to stop, a throw stops it and is passed on.
  using Tick = std::function<bool(std::uint64_t done, std::uint64_t total)>;

  Control() = default;
  explicit Control(Tick tick) : tick_(std::move(tick)) {}
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  bool stopped() const noexcept { return stop_.load(std::memory_order_relaxed); }
  void request_stop() noexcept { stop_.store(true, std::memory_order_relaxed); }
  // Units are the caller's (tokens, records); total 0 means unknown.
  void start(std::uint64_t total) noexcept { done_ = 0, total_ = total; }
  void advance(std::uint64_t amount) noexcept { done_.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t done() const noexcept { return done_.load(std::memory_order_relaxed); }
  std::uint64_t total() const noexcept { return total_.load(std::memory_order_relaxed); }

  // Waiting thread only: asks the caller; throws Stopped when it wants an end.
  void poll();

 private:
  Tick tick_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> done_{0}, total_{0};
};

}  // namespace stochos
