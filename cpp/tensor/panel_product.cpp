#include "tensor/panel_product.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/spin.hpp"
#include "tensor/buffer.hpp"
#include "tensor/context.hpp"
#include "tensor/panels.hpp"
#include "tensor/threads.hpp"

namespace stochos::tensor {
namespace {

constexpr double kWorth = 4e5;                // multiply-adds of a task: some microseconds
constexpr double kTogether = 1e6;             // multiply-adds that are worth a second thread
constexpr std::size_t kSteps = 256;           // of k: a panel of them stays in the first-level cache
constexpr std::size_t kRows = 480;            // of A beside kSteps in the second-level cache
constexpr std::size_t kCache = 1 << 20;       // bytes of C that `done` still finds in the cache
constexpr std::size_t kMostRowBytes = 16384;  // of the columns packed at a time
constexpr std::size_t kLeastRows = 24;        // of a task
constexpr std::size_t kPacked = 8192;         // numbers that a task packs
constexpr std::size_t kOften = 65;            // columns that meet a tile of A: from then on packing it pays

// `whole` in parts that are as even as can be, each a multiple of `unit` but the last.
std::size_t part_of(std::size_t whole, std::size_t parts, std::size_t unit) {
  return pieces(pieces(whole, parts), unit) * unit;
}

// All rows of C and some of its columns. For each step of k come the tasks that pack panels of B, then those
// that add to a block of C. A thread waits only for what others have begun; B has room for two steps.
template <class T>
class Columns {
 public:
  Columns(const Product<T>& p, const BlockDone& done, std::size_t first) : p_(p), done_(done), first_(first) {
    const bool together = thread_count() > 1 && p.effort() >= kTogether;
    std::size_t down = pieces(p.m, kRows), across = 1;
    if (together) {
      // Two a thread, so that one that comes late does less; of whole rows, where there are enough.
      const auto wanted =
          std::min<std::size_t>(2 * thread_count(), static_cast<std::size_t>(p.effort() / kWorth));
      down = std::max(down, std::min(wanted, p.m / kLeastRows));
      across = std::min(pieces(wanted, down), panels_);
    }
    together_ = together;
    rows_ = part_of(p.m, down, kernel_.rows()), columns_ = part_of(p.n, across, kernel_.width());
    down_ = pieces(p.m, rows_), across_ = pieces(p.n, columns_);
    group_ = together ? std::clamp<std::size_t>(kPacked / (inner_ * kernel_.width()), 1, panels_) : panels_;
    packs_ = pieces(panels_, group_);
    b_ = Buffer::make(std::min<std::size_t>(steps_, 2) * room() * sizeof(T));
    if (together) {
      begun_ = Counters(steps_), packed_ = Counters(steps_), added_ = Counters(steps_);
      claimed_ = Counters(down_ * across_), stands_ = Counters(down_ * across_);
    }
  }

  void run() {
    if (!together_) {
      for (std::size_t step = 0; step < steps_; ++step) {
        for (std::size_t group = 0; group < packs_; ++group) pack(step, group);
        for (std::size_t block = 0; block < down_ * across_; ++block) add(step, block);
      }
      return;
    }
    parallel_lanes(thread_count(), [&](unsigned lane) {
      try {
        work(lane);
      } catch (...) {
        failed_.store(true, std::memory_order_relaxed);
        throw;
      }
    });
  }

 private:
  using Counters = std::vector<std::atomic<std::size_t>>;

  // What one of the threads does. It ends when all has been begun, or when another thread failed.
  void work(unsigned lane) {
    const std::size_t blocks = down_ * across_, own = blocks * lane / thread_count();
    for (std::size_t step = 0; step < steps_; ++step) {
      for (;;) {
        const std::size_t group = begun_[step].fetch_add(1, std::memory_order_relaxed);
        if (group >= packs_) break;
        if (step >= 2 && !await(added_[step - 2], blocks)) return;
        pack(step, group);
        packed_[step].fetch_add(1, std::memory_order_release);
      }
      // The same blocks in every step and every product, as long as no other thread is behind.
      for (std::size_t ahead = 0; ahead < blocks; ++ahead) {
        const std::size_t block = (own + ahead) % blocks;
        std::size_t before = step;
        if (!claimed_[block].compare_exchange_strong(before, step + 1, std::memory_order_relaxed)) continue;
        if (!await(packed_[step], packs_) || !await(stands_[block], step)) return;
        add(step, block);
        stands_[block].store(step + 1, std::memory_order_release);
        added_[step].fetch_add(1, std::memory_order_release);
      }
    }
  }

  // False when another thread failed: what is waited for will not come.
  bool await(const std::atomic<std::size_t>& count, std::size_t wanted) const {
    for (std::size_t looks = 1; count.load(std::memory_order_acquire) < wanted; ++looks) {
      if (failed_.load(std::memory_order_relaxed)) return false;
      looks % 1024 == 0 ? static_cast<void>(sched_yield()) : spin_pause();
    }
    return true;
  }

  std::size_t room() const { return panels_ * kernel_.width() * inner_; }
  T* packed(std::size_t step) const { return reinterpret_cast<T*>(b_->data()) + step % 2 * room(); }
  std::size_t length(std::size_t step) const { return std::min(inner_, p_.k - step * inner_); }

  void pack(std::size_t step, std::size_t group) const {
    const std::size_t w = kernel_.width(), column = group * group_ * w, some = length(step);
    kernel_.pack(p_.b_at(step * inner_, column), p_.ldb, p_.turned_b, some,
                 std::min(group_ * w, p_.n - column), packed(step) + column * some);
  }

  void add(std::size_t step, std::size_t task) const {
    Polling::check();
    const std::size_t row = task / across_ * rows_, column = task % across_ * columns_, some = length(step);
    const Block block{row, std::min(rows_, p_.m - row), column, std::min(columns_, p_.n - column)};
    const bool tiled = block.columns >= kOften;
    const T* a = p_.a_at(row, step * inner_);
    Ref<Buffer> tiles;
    if (tiled) {
      tiles = Buffer::make(pieces(block.rows, kernel_.rows()) * kernel_.rows() * some * sizeof(T));
      T* const to = reinterpret_cast<T*>(tiles->data());
      kernel_.tiles(a, p_.lda, p_.turned_a, block.rows, some, to);
      a = to;
    }
    const bool last = done_ && step + 1 == steps_;
    const std::size_t w = kernel_.width(),
                      at_once = last ? std::max(w, kCache / (block.rows * sizeof(T)) / w * w) : block.columns;
    for (std::size_t past = 0; past < block.columns; past += at_once) {
      const std::size_t at = column + past, columns = std::min(at_once, block.columns - past);
      kernel_.product({a, p_.lda, block.rows, some, packed(step) + at * some, columns,
                       p_.c + row * p_.ldc + at, p_.ldc, p_.turned_a, tiled, step == 0 && !p_.plus});
      if (last) done_({row, block.rows, first_ + at, columns});
    }
  }

  const Product<T> p_;
  const BlockDone& done_;
  const std::size_t first_;
  const Panels<T> kernel_{};
  const std::size_t panels_ = pieces(p_.n, kernel_.width()), steps_ = pieces(p_.k, kSteps),
                    inner_ = pieces(p_.k, steps_);
  bool together_;
  std::size_t rows_, columns_, down_, across_, group_, packs_;
  Ref<Buffer> b_;
  std::atomic<bool> failed_{false};
  Counters begun_, packed_, added_;  // by step: groups of panels begun and packed, blocks added to
  Counters claimed_, stands_;        // by block: steps that a thread took, steps that are added
};

}  // namespace

template <class T>
void panel_product(const Product<T>& p, const BlockDone& done) {
  const std::size_t width = Panels<T>{}.width(),
                    columns = part_of(p.n, pieces(p.n * sizeof(T), kMostRowBytes), width);
  for (std::size_t at = 0; at < p.n; at += columns)
    Columns<T>(p.part({0, p.m, at, std::min(columns, p.n - at)}, 0, p.k), done, at).run();
}

template void panel_product(const Product<float>&, const BlockDone&);
template void panel_product(const Product<double>&, const BlockDone&);

}  // namespace stochos::tensor
