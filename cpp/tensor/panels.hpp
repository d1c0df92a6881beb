// The kernels of products with a matrix in panels, by dtype.
#pragma once
#include "kernels/table.hpp"

namespace stochos::tensor {

template <class T>
struct Panels;
template <>
struct Panels<float> {
  const kernels::Table& table = kernels::table();
  std::size_t rows() const { return table.panel_rows; }
  std::size_t width() const { return table.panel_width_f32; }
  void pack(const float* b, std::size_t ldb, bool turned, std::size_t k, std::size_t n, float* out) const {
    table.panel_pack_f32(b, ldb, turned, k, n, out);
  }
  void tiles(const float* a, std::size_t lda, bool turned, std::size_t rows, std::size_t k,
             float* out) const {
    table.panel_tiles_f32(a, lda, turned, rows, k, out);
  }
  void product(const kernels::PanelProduct<float>& p) const { table.panel_product_f32(p); }
};
template <>
struct Panels<double> {
  const kernels::Table& table = kernels::table();
  std::size_t rows() const { return table.panel_rows; }
  std::size_t width() const { return table.panel_width_f64; }
  void pack(const double* b, std::size_t ldb, bool turned, std::size_t k, std::size_t n, double* out) const {
    table.panel_pack_f64(b, ldb, turned, k, n, out);
  }
  void tiles(const double* a, std::size_t lda, bool turned, std::size_t rows, std::size_t k,
             double* out) const {
    table.panel_tiles_f64(a, lda, turned, rows, k, out);
  }
  void product(const kernels::PanelProduct<double>& p) const { table.panel_product_f64(p); }
};

}  // namespace stochos::tensor
