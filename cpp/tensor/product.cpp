#include "tensor/product.hpp"

#include <algorithm>

#include "kernels/blas.hpp"
#include "kernels/table.hpp"
#include "tensor/context.hpp"
#include "tensor/panel_product.hpp"
#include "tensor/panels.hpp"
#include "tensor/threads.hpp"

namespace stochos::tensor {
namespace {

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

// The shape alone decides. With few rows panels are mostly packing, which is dearer still when B is turned,
// and with few columns mostly filling up; below kWorth a call is most of the work; from some size on
// OpenBLAS, which packs both matrices too, may be better.
template <class T>
bool panels_lead(const Product<T>& p) {
  constexpr double kWorth = 4e5;
  return p.work() < kernels::table().panels_lead && p.m >= (p.turned_b ? 64U : 24U) &&
         2 * p.n >= Panels<T>{}.width() && p.k >= 2 && p.effort() >= kWorth;
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
  panels_lead(p) ? panel_product(p, done) : over_blas(p, done);
}

template void product(bool, bool, std::size_t, std::size_t, std::size_t, const float*, std::size_t,
                      const float*, std::size_t, bool, float*, std::size_t, const BlockDone&);
template void product(bool, bool, std::size_t, std::size_t, std::size_t, const double*, std::size_t,
                      const double*, std::size_t, bool, double*, std::size_t, const BlockDone&);

}  // namespace stochos::tensor
