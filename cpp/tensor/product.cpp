#include "tensor/product.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/blas.hpp"
#include "kernels/table.hpp"
#include "tensor/buffer.hpp"
#include "tensor/context.hpp"
#include "tensor/panels.hpp"
#include "tensor/threads.hpp"

namespace stochos::tensor {
namespace {

std::size_t pieces(std::size_t whole, std::size_t piece) {
  return (whole + piece - 1) / piece;
}

template <class T>
struct Product {
  bool turned_a, turned_b;
  std::size_t m, n, k;
  const T* a;
  std::size_t lda;
  const T* b;
  std::size_t ldb;
  bool plus;
  T* c;
  std::size_t ldc;

  double work() const { return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
  // In multiply-adds, what it takes to write C among them.
  double effort() const {
    return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k + 16);
  }
  const T* a_at(std::size_t row, std::size_t step) const {
    return turned_a ? a + step * lda + row : a + row * lda + step;
  }
  const T* b_at(std::size_t step, std::size_t column) const {
    return turned_b ? b + column * ldb + step : b + step * ldb + column;
  }
  // A block of C, of a part of k that begins at `step`.
  Product part(const Block& block, std::size_t step, std::size_t steps) const {
    return {turned_a,
            turned_b,
            block.rows,
            block.columns,
            steps,
            a_at(block.row, step),
            lda,
            b_at(step, block.column),
            ldb,
            plus || step > 0,
            c + block.row * ldc + block.column,
            ldc};
  }
};

template <class T>
void by_blas(const Product<T>& p) {
  blas::gemm(p.turned_a, p.turned_b, p.m, p.n, p.k, T{1}, p.a, p.lda, p.b, p.ldb, p.plus ? T{1} : T{0}, p.c,
             p.ldc);
}

// How OpenBLAS's share is cut. It sums an element in an order that depends on the sizes, so the shape alone
// decides, and only as much as it must: both parts pack the other operand again, a tenth of the time of a
// product of some hundred rows.
struct Cut {
  std::size_t rows, columns, inner;
};
Cut cut_of(std::size_t m, std::size_t n, std::size_t k) {
  constexpr double kWhole = 3.2e7;  // multiply-adds that stay on one thread
  constexpr double kMost = 1e9;     // and that are done between two looks at the stop signal, some 20 ms
  constexpr std::size_t kEdge = 512, kThin = 128;
  const auto edge = [](std::size_t whole, std::size_t parts) {
    return (pieces(whole, parts) + 15) / 16 * 16;
  };
  const auto work = [](std::size_t x, std::size_t y, std::size_t z) {
    return static_cast<double>(x) * static_cast<double>(y) * static_cast<double>(z);
  };
  Cut cut{m, n, k};
  if (work(m, n, k) < kWhole) return cut;
  std::size_t &longer = m >= n ? cut.rows : cut.columns, &other = m >= n ? cut.columns : cut.rows;
  if (longer >= 2 * kThin) longer = edge(longer, std::max<std::size_t>(2, longer / kEdge));
  if (work(cut.rows, cut.columns, k) > kMost && other >= 2 * kEdge) other = edge(other, other / kEdge);
  if (work(cut.rows, cut.columns, k) > kMost) {
    const double fit = kMost / work(cut.rows, cut.columns, 1);
    cut.inner = std::min(k, std::max<std::size_t>(256, static_cast<std::size_t>(fit) / 16 * 16));
  }
  return cut;
}

template <class T>
void over_blas(const Product<T>& p, const BlockDone& done) {
  const Cut cut = cut_of(p.m, p.n, p.k);
  const std::size_t across = pieces(p.n, cut.columns);
  run_tasks(pieces(p.m, cut.rows) * across, [&](std::size_t task) {
    const std::size_t row = task / across * cut.rows, column = task % across * cut.columns;
    const Block block{row, std::min(cut.rows, p.m - row), column, std::min(cut.columns, p.n - column)};
    for (std::size_t at = 0; at < p.k; at += cut.inner) {
      Polling::check();
      by_blas(p.part(block, at, std::min(cut.inner, p.k - at)));
    }
    if (done) done(block);
  });
}

constexpr double kWorth = 4e5;           // multiply-adds of a task: some microseconds
constexpr double kTogether = 4e6;        // multiply-adds that are worth a second thread
constexpr std::size_t kSteps = 256;      // of k: a panel of them stays in the first-level cache
constexpr std::size_t kRows = 480;       // of A beside kSteps in the second-level cache
constexpr std::size_t kCache = 1 << 20;  // bytes of C
constexpr std::size_t kRowBytes = 512, kTurnedRowBytes = 2048;  // of the columns packed at a time

template <class T>
void by_panels(const Product<T>& p) {
  constexpr std::size_t kTile = 12;  // rows of the widest kernel
  constexpr std::size_t kOften = 8;  // panels that meet a tile of A
  const Panels<T> kernel;
  const std::size_t steps = std::min(p.k, kSteps), width = kernel.width(), panels = pieces(p.n, width);
  // Neighbours down a column of a turned A are a row of memory apart.
  const bool copied = p.turned_a && panels >= kOften;
  const Ref<Buffer> memory = Buffer::make((panels * width + (copied ? kTile : 0)) * steps * sizeof(T));
  T *packed = reinterpret_cast<T*>(memory->data()), *tile = packed + panels * width * steps;
  for (std::size_t step = 0; step < p.k; step += kSteps) {
    const std::size_t some = std::min(kSteps, p.k - step);
    const bool fresh = step == 0 && !p.plus;
    kernel.pack(p.b_at(step, 0), p.ldb, p.turned_b, some, p.n, packed);
    if (!copied) {
      kernel.product({p.a_at(0, step), p.lda, p.m, some, packed, p.n, p.c, p.ldc, p.turned_a, fresh});
      continue;
    }
    for (std::size_t row = 0; row < p.m; row += kTile) {
      const std::size_t rows = std::min(kTile, p.m - row);
      const T* from = p.a_at(row, step);
      if (rows == kTile) {
        for (std::size_t i = 0; i < some; ++i)
          std::memcpy(tile + i * kTile, from + i * p.lda, kTile * sizeof(T));
      } else {
        for (std::size_t i = 0; i < some; ++i)
          std::memcpy(tile + i * kTile, from + i * p.lda, rows * sizeof(T));
      }
      kernel.product({tile, kTile, rows, some, packed, p.n, p.c + row * p.ldc, p.ldc, true, fresh});
    }
  }
}

// Bits do not depend on how this is cut.
template <class T>
void over_panels(const Product<T>& p, const BlockDone& done) {
  constexpr std::size_t kLeastRows = 24;  // for which packing pays
  const std::size_t width = Panels<T>{}.width(), threads = thread_count();
  std::size_t down = pieces(p.m, kRows),
              across = pieces(p.n * sizeof(T), p.turned_a ? kTurnedRowBytes : kRowBytes);
  const bool together = threads > 1 && p.effort() >= kTogether;
  if (together) {
    // Two a thread, so that one that comes late does less; of whole rows, where there are enough.
    const auto wanted = std::min(2 * threads, static_cast<std::size_t>(p.effort() / kWorth));
    down = std::max(down, std::min(pieces(wanted, across), p.m / kLeastRows));
    across = std::max(across, std::min(pieces(wanted, down), pieces(p.n, width)));
  }
  const std::size_t rows = (pieces(p.m, down) + 11) / 12 * 12,
                    columns = pieces(pieces(p.n, across), width) * width;
  down = pieces(p.m, rows), across = pieces(p.n, columns);
  // Whole rows are easier to go on with, as long as they are in the cache.
  const bool whole_rows = !together && rows * p.n * sizeof(T) <= kCache;
  const auto one = [&](std::size_t task) {
    Polling::check();
    const std::size_t row = task / across * rows, column = task % across * columns;
    const Block block{row, std::min(rows, p.m - row), column, std::min(columns, p.n - column)};
    by_panels(p.part(block, 0, p.k));
    if (!done) return;
    if (!whole_rows) {
      done(block);
    } else if (task % across == across - 1) {
      done({row, block.rows, 0, p.n});
    }
  };
  if (together) return run_tasks(down * across, one);
  for (std::size_t task = 0; task < down * across; ++task) one(task);
}

// The shape alone decides. With few rows panels are mostly packing, which is dearer still when B is turned,
// and with few columns mostly filling up; below kWorth a call is most of the work, and from kLarge on
// OpenBLAS, which packs both, is even.
template <class T>
bool panels_lead(const Product<T>& p) {
  constexpr double kLarge = 3e8;
  return kernels::table().panels_lead && p.m >= (p.turned_b ? 64U : 24U) && 2 * p.n >= Panels<T>{}.width() &&
         p.k >= 2 && p.effort() >= kWorth && p.work() < kLarge;
}

}  // namespace

template <class T>
void product(bool turned_a, bool turned_b, std::size_t m, std::size_t n, std::size_t k, const T* a,
             std::size_t lda, const T* b, std::size_t ldb, bool plus, T* c, std::size_t ldc,
             const BlockDone& done) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (std::size_t i = 0; i < m && !plus; ++i) std::fill_n(c + i * ldc, n, T{0});
    if (done) done({0, m, 0, n});
    return;
  }
  const Product<T> p{turned_a, turned_b, m, n, k, a, lda, b, ldb, plus, c, ldc};
  panels_lead(p) ? over_panels(p, done) : over_blas(p, done);
}

template void product(bool, bool, std::size_t, std::size_t, std::size_t, const float*, std::size_t,
                      const float*, std::size_t, bool, float*, std::size_t, const BlockDone&);
template void product(bool, bool, std::size_t, std::size_t, std::size_t, const double*, std::size_t,
                      const double*, std::size_t, bool, double*, std::size_t, const BlockDone&);

}  // namespace stochos::tensor
