// What the products with a packed matrix take.
#pragma once
#include <cstddef>

namespace stochos::kernels {

// C (rows x n) += A (rows x k) P; P packed by panel_pack. An element is summed over k in order, so that its
// bits depend on its own row and column alone.
template <class T>
struct PanelProduct {
  const T* a;
  std::size_t lda, rows, k;
  const T* packed;
  std::size_t n;
  T* c;
  std::size_t ldc;
  bool turned = false;  // a is (k x rows)
  bool tiled = false;   // a is packed by panel_tiles; neither lda nor turned count
  bool fresh = false;   // what C holds is not read: C = A P
};

}  // namespace stochos::kernels
