#include "tensor/product.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/blas.hpp"
#include "kernels/table.hpp"
#include "tensor/buffer.hpp"
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
  // Rows and columns of C from these on.
  Product part(std::size_t row, std::size_t rows, std::size_t column, std::size_t columns) const {
    return {turned_a,
            turned_b,
            rows,
            columns,
            k,
            a_at(row, 0),
            lda,
            b_at(0, column),
            ldb,
            plus,
            c + row * ldc + column,
            ldc};
  }
};

template <class T>
void by_blas(const Product<T>& p) {
  blas::gemm(p.turned_a, p.turned_b, p.m, p.n, p.k, T{1}, p.a, p.lda, p.b, p.ldb, p.plus ? T{1} : T{0}, p.c,
             p.ldc);
}

// OpenBLAS sums an element in an order that depends on the sizes, so the shape and the machine alone choose
// the parts. Every part packs the other operand again: a thin one is not worth it.
template <class T>
void over_blas(const Product<T>& p) {
  constexpr double kPart = 4e6;  // multiply-adds
  constexpr std::size_t kThin = 128;
  const bool by_rows = p.m >= p.n;
  const std::size_t whole = by_rows ? p.m : p.n;
  const std::size_t parts =
      std::min({static_cast<std::size_t>(p.work() / kPart), whole / kThin, std::size_t{processor_count()}});
  if (parts <= 1) {
    by_blas(p);
    return;
  }
  const std::size_t piece = (pieces(whole, parts) + 15) / 16 * 16;
  run_tasks(pieces(whole, piece), [&](std::size_t part) {
    const std::size_t first = part * piece, size = std::min(piece, whole - first);
    by_blas(by_rows ? p.part(first, size, 0, p.n) : p.part(0, p.m, first, size));
  });
}

constexpr double kWorth = 4e5;       // multiply-adds of a task: some microseconds
constexpr std::size_t kSteps = 256;  // of k: a panel of them stays in the first-level cache
constexpr std::size_t kRows = 480;   // of A beside kSteps in the second-level cache
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
void over_panels(const Product<T>& p) {
  constexpr std::size_t kLeastRows = 24;  // for which packing pays
  const std::size_t width = Panels<T>{}.width(), threads = thread_count();
  std::size_t down = pieces(p.m, kRows),
              across = pieces(p.n * sizeof(T), p.turned_a ? kTurnedRowBytes : kRowBytes);
  if (threads > 1) {
    // Two a thread, so that one that comes late does less.
    const auto wanted = std::min(2 * threads, static_cast<std::size_t>(p.effort() / kWorth));
    across = std::max(across, std::min(pieces(wanted, down), pieces(p.n, width)));
    down = std::max(down, std::min(pieces(wanted, across), p.m / kLeastRows));
  }
  const std::size_t rows = (pieces(p.m, down) + 11) / 12 * 12,
                    columns = pieces(pieces(p.n, across), width) * width;
  down = pieces(p.m, rows), across = pieces(p.n, columns);
  run_tasks(down * across, [&](std::size_t task) {
    const std::size_t row = task / across * rows, column = task % across * columns;
    by_panels(p.part(row, std::min(rows, p.m - row), column, std::min(columns, p.n - column)));
  });
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
             std::size_t lda, const T* b, std::size_t ldb, bool plus, T* c, std::size_t ldc) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (std::size_t i = 0; i < m && !plus; ++i) std::fill_n(c + i * ldc, n, T{0});
    return;
  }
  const Product<T> p{turned_a, turned_b, m, n, k, a, lda, b, ldb, plus, c, ldc};
  panels_lead(p) ? over_panels(p) : over_blas(p);
}

template void product(bool, bool, std::size_t, std::size_t, std::size_t, const float*, std::size_t,
                      const float*, std::size_t, bool, float*, std::size_t);
template void product(bool, bool, std::size_t, std::size_t, std::size_t, const double*, std::size_t,
                      const double*, std::size_t, bool, double*, std::size_t);

}  // namespace stochos::tensor
