// Shapes, strides and NumPy's broadcasting.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace stochos::tensor {

inline constexpr int kMostAxes = 8;

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> sizes) {
    for (const std::int64_t size : sizes) push(size);
  }
  explicit Shape(std::span<const std::int64_t> sizes) {
    for (const std::int64_t size : sizes) push(size);
  }
  int rank() const noexcept { return rank_; }
  std::int64_t& operator[](int axis) noexcept { return sizes_[static_cast<std::size_t>(axis)]; }
  std::int64_t operator[](int axis) const noexcept { return sizes_[static_cast<std::size_t>(axis)]; }
  // Throws Error(value) beyond kMostAxes axes.
  void push(std::int64_t size);
  void insert(int axis, std::int64_t size);
  void erase(int axis);
  std::int64_t size() const noexcept {
    std::int64_t product = 1;
    for (int i = 0; i < rank_; ++i) product *= sizes_[static_cast<std::size_t>(i)];
    return product;
  }
  std::int64_t last() const noexcept { return rank_ == 0 ? 1 : sizes_[static_cast<std::size_t>(rank_ - 1)]; }
  const std::int64_t* begin() const noexcept { return sizes_.data(); }
  const std::int64_t* end() const noexcept { return sizes_.data() + rank_; }
  friend bool operator==(const Shape& a, const Shape& b) noexcept {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }

 private:
  std::array<std::int64_t, kMostAxes> sizes_{};
  int rank_ = 0;
};

// In elements; negative and zero are allowed.
using Strides = std::array<std::int64_t, kMostAxes>;

Strides row_major(const Shape& shape) noexcept;
// "(2, 3)", "(4,)", "()".
std::string to_string(const Shape& shape);
// False when the shapes do not fit together.
bool try_broadcast(const Shape& a, const Shape& b, Shape& out);
// Throws Error(value) that names the operation and both shapes.
Shape broadcast(const char* operation, const Shape& a, const Shape& b);
// 0 <= axis < rank, counting negative ones from the end; throws Error(value).
int normal_axis(const char* operation, std::int64_t axis, int rank);

}  // namespace stochos::tensor
