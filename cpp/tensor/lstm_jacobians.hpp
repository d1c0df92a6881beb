// The Jacobians of (c, h) of an LSTM at many steps, written in one pass: memory is what they cost.
#pragma once
#include <cstddef>

namespace stochos::tensor {

// For each of n steps, over zeros in out (n, 2H, 2H), c before h:
//   dc/dc' = diag(direct), dc/dh' = sum of diag(factor_k) rows_k for f, i and g,
//   dh/dc' = diag(slope direct), dh/dh' = diag(slope) dc/dh' + diag(factor_o) rows_o.
// factors (4, n, H) and rows (4, H, H) stand in the order f, i, g, o; direct and slope are (n, H).
template <class T>
void lstm_jacobians(const T* factors, const T* rows, const T* direct, const T* slope, std::size_t n,
                    std::size_t units, T* out) {
  const std::size_t wide = 2 * units, matrix = units * units;
  for (std::size_t step = 0; step < n; ++step) {
    for (std::size_t j = 0; j < units; ++j) {
      const std::size_t place = step * units + j, gate = n * units;
      const T f = factors[place], i = factors[gate + place], g = factors[2 * gate + place];
      const T o = factors[3 * gate + place], steep = slope[place];
      T* top = out + (step * wide + j) * wide;
      T* bottom = top + units * wide;
      top[j] = direct[place];
      bottom[j] = steep * direct[place];
      T* __restrict top_h = top + units;
      T* __restrict bottom_h = bottom + units;
      const T* row = rows + j * units;
      for (std::size_t k = 0; k < units; ++k) {
        const T small = f * row[k] + i * row[matrix + k] + g * row[2 * matrix + k];
        top_h[k] = small;
        bottom_h[k] = steep * small + o * row[3 * matrix + k];
      }
    }
  }
}

}  // namespace stochos::tensor
