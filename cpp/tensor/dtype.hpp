// The five kinds of elements, and which kind two of them make together.
#pragma once
#include <cstddef>
#include <cstdint>

namespace stochos::tensor {

enum class DType : std::uint8_t { f32, f64, i32, i64, b8 };
inline constexpr int kDTypes = 5;

constexpr std::size_t item_size(DType type) noexcept {
  constexpr std::size_t sizes[] = {4, 8, 4, 8, 1};
  return sizes[static_cast<int>(type)];
}
constexpr const char* name_of(DType type) noexcept {
  constexpr const char* names[] = {"float32", "float64", "int32", "int64", "bool"};
  return names[static_cast<int>(type)];
}
constexpr bool is_float(DType type) noexcept {
  return type == DType::f32 || type == DType::f64;
}
constexpr bool is_int(DType type) noexcept {
  return type == DType::i32 || type == DType::i64;
}

// bool < int32 < int64 < float32 < float64; unlike NumPy, int64 with float32 stays float32.
constexpr DType promote(DType a, DType b) noexcept {
  constexpr int rank[] = {3, 4, 1, 2, 0};
  return rank[static_cast<int>(a)] >= rank[static_cast<int>(b)] ? a : b;
}

// Calls f with a value of the C++ type of `type`; bool is a byte of 0 or 1.
template <class F>
decltype(auto) dispatch(DType type, F&& f) {
  switch (type) {
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
    case DType::i32:
      return f(std::int32_t{});
    case DType::i64:
      return f(std::int64_t{});
    case DType::b8:
      break;
  }
  return f(std::uint8_t{});
}

}  // namespace stochos::tensor
