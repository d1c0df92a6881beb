// Plain loops.
#include <cmath>
#include <limits>
#include <type_traits>

#include "tensor/loops.hpp"

namespace stochos::tensor {
namespace {

template <class T, unary::Code code>
T unary_of(T x) {
  using namespace unary;
  if constexpr (code == neg) return static_cast<T>(-x);
  if constexpr (code == copy) return x;
  if constexpr (code == square) return static_cast<T>(x * x);
  if constexpr (code == relu) return x < 0 ? T{0} : x;
  if constexpr (code == unary::abs) return x < 0 ? static_cast<T>(-x) : x;
  if constexpr (code == sign) return x > 0 ? T{1} : x < 0 ? static_cast<T>(-1) : x;
  if constexpr (std::is_floating_point_v<T>) {
    if constexpr (code == unary::exp) return std::exp(x);
    if constexpr (code == unary::expm1) return std::expm1(x);
    if constexpr (code == unary::log) return std::log(x);
    if constexpr (code == unary::log1p) return std::log1p(x);
    if constexpr (code == unary::sqrt) return std::sqrt(x);
    if constexpr (code == rsqrt) return 1 / std::sqrt(x);
    if constexpr (code == reciprocal) return 1 / x;
    if constexpr (code == unary::tanh) return std::tanh(x);
    if constexpr (code == sigmoid) return 1 / (1 + std::exp(-x));
    if constexpr (code == softplus) return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    if constexpr (code == unary::erf) return std::erf(x);
    if constexpr (code == unary::sin) return std::sin(x);
    if constexpr (code == unary::cos) return std::cos(x);
    if constexpr (code == unary::floor) return std::floor(x);
    if constexpr (code == unary::ceil) return std::ceil(x);
    if constexpr (code == unary::round) return std::nearbyint(x);
    if constexpr (code == silu) return x / (1 + std::exp(-x));
    if constexpr (code == gelu) return x / 2 * (1 + std::erf(x * static_cast<T>(0.70710678118654752440)));
    if constexpr (code == gelu_tanh)
      return x / 2 *
             (1 +
              std::tanh(static_cast<T>(0.79788456080286535588) * (x + static_cast<T>(0.044715) * x * x * x)));
  }
  return x;
}

template <class T, unary::Code code>
void unary_run(const void* x, void* y, std::size_t n) {
  const T* in = static_cast<const T*>(x);
  T* out = static_cast<T*>(y);
  for (std::size_t i = 0; i < n; ++i) out[i] = unary_of<T, code>(in[i]);
}

template <class T, int code = 0>
UnaryLoop unary_find(unary::Code wanted) {
  if constexpr (code == unary::count) {
    return nullptr;
  } else {
    if (wanted == code) return unary_run<T, static_cast<unary::Code>(code)>;
    return unary_find<T, code + 1>(wanted);
  }
}

template <class T, binary::Code code>
T binary_of(T a, T b) {
  if constexpr (code == binary::add) return a + b;
  if constexpr (code == binary::sub) return a - b;
  if constexpr (code == binary::mul) return a * b;
  if constexpr (code == binary::div) return b == 0 && !std::is_floating_point_v<T> ? T{0} : a / b;
  if constexpr (code == binary::pow) return static_cast<T>(std::pow(a, b));
  if constexpr (code == binary::maximum) return a != a ? a : b != b ? b : a < b ? b : a;
  if constexpr (code == binary::minimum) return a != a ? a : b != b ? b : b < a ? b : a;
  if constexpr (code == binary::mod) {
    if constexpr (std::is_floating_point_v<T>) {
      const T r = std::fmod(a, b);
      return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    } else {
      if (b == 0) return 0;
      const T r = static_cast<T>(a % b);
      return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }
  }
  return a;
}

template <class T, class R, class F>
void pairwise(const void* a, const void* b, void* y, std::size_t n, Mode mode, F f) {
  const T* p = static_cast<const T*>(a);
  const T* q = static_cast<const T*>(b);
  R* out = static_cast<R*>(y);
  const std::size_t i_step = mode & 1 ? 0 : 1, j_step = mode & 2 ? 0 : 1;
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<R>(f(p[i * i_step], q[i * j_step]));
}

template <class T, int code = 0>
BinaryLoop binary_find(binary::Code wanted) {
  if constexpr (code == binary::count) {
    return nullptr;
  } else {
    if (wanted == code) {
      return [](const void* a, const void* b, void* y, std::size_t n, Mode mode) {
        pairwise<T, T>(a, b, y, n, mode,
                       [](T p, T q) { return binary_of<T, static_cast<binary::Code>(code)>(p, q); });
      };
    }
    return binary_find<T, code + 1>(wanted);
  }
}

template <class T>
BinaryLoop compare_find(comparison::Code code) {
  switch (code) {
    case comparison::equal:
      return [](const void* a, const void* b, void* y, std::size_t n, Mode m) {
        pairwise<T, std::uint8_t>(a, b, y, n, m, [](T p, T q) { return p == q; });
      };
    case comparison::not_equal:
      return [](const void* a, const void* b, void* y, std::size_t n, Mode m) {
        pairwise<T, std::uint8_t>(a, b, y, n, m, [](T p, T q) { return p != q; });
      };
    case comparison::less:
      return [](const void* a, const void* b, void* y, std::size_t n, Mode m) {
        pairwise<T, std::uint8_t>(a, b, y, n, m, [](T p, T q) { return p < q; });
      };
    case comparison::less_equal:
      return [](const void* a, const void* b, void* y, std::size_t n, Mode m) {
        pairwise<T, std::uint8_t>(a, b, y, n, m, [](T p, T q) { return p <= q; });
      };
    case comparison::greater:
      return [](const void* a, const void* b, void* y, std::size_t n, Mode m) {
        pairwise<T, std::uint8_t>(a, b, y, n, m, [](T p, T q) { return p > q; });
      };
    default:
      return [](const void* a, const void* b, void* y, std::size_t n, Mode m) {
        pairwise<T, std::uint8_t>(a, b, y, n, m, [](T p, T q) { return p >= q; });
      };
  }
}

template <class T>
void select_run(const std::uint8_t* mask, const void* a, const void* b, void* y, std::size_t n, Mode mode) {
  const T* p = static_cast<const T*>(a);
  const T* q = static_cast<const T*>(b);
  T* out = static_cast<T*>(y);
  const std::size_t i_step = mode & 1 ? 0 : 1, j_step = mode & 2 ? 0 : 1;
  for (std::size_t i = 0; i < n; ++i) out[i] = mask[i] ? p[i * i_step] : q[i * j_step];
}

template <class From, class To>
To cast_one(From x) {
  if constexpr (std::is_same_v<To, std::uint8_t>) return x != 0;
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (x != x) return 0;
    if (x >= static_cast<From>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    if (x <= static_cast<From>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
  }
  return static_cast<To>(x);
}

template <class T>
T start_of(reduction::Code code) {
  using Limits = std::numeric_limits<T>;
  if (code == reduction::max) return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  if (code == reduction::min) return Limits::has_infinity ? Limits::infinity() : Limits::max();
  return code == reduction::prod ? T{1} : T{0};
}
template <class T>
T join(reduction::Code code, T a, T b) {
  if (code == reduction::sum) return static_cast<T>(a + b);
  if (code == reduction::prod) return static_cast<T>(a * b);
  return code == reduction::max ? binary_of<T, binary::maximum>(a, b) : binary_of<T, binary::minimum>(a, b);
}
template <class T, int code>
void rows_run(const void* x, void* y, std::size_t outer, std::size_t n) {
  const T* in = static_cast<const T*>(x);
  for (std::size_t i = 0; i < outer; ++i) {
    T total = start_of<T>(static_cast<reduction::Code>(code));
    for (std::size_t j = 0; j < n; ++j)
      total = join(static_cast<reduction::Code>(code), total, in[i * n + j]);
    static_cast<T*>(y)[i] = total;
  }
}
template <class T, int code>
void columns_run(const void* x, void* y, std::size_t outer, std::size_t n) {
  const T* in = static_cast<const T*>(x);
  T* out = static_cast<T*>(y);
  for (std::size_t j = 0; j < n; ++j) out[j] = start_of<T>(static_cast<reduction::Code>(code));
  for (std::size_t i = 0; i < outer; ++i) {
    for (std::size_t j = 0; j < n; ++j)
      out[j] = join(static_cast<reduction::Code>(code), out[j], in[i * n + j]);
  }
}

}  // namespace

ReduceLoop rows_loop(reduction::Code code, DType type) {
  return dispatch(type, [&](auto t) -> ReduceLoop {
    using T = decltype(t);
    ReduceLoop loops[] = {rows_run<T, 0>, rows_run<T, 1>, rows_run<T, 2>, rows_run<T, 3>};
    return loops[code];
  });
}
ReduceLoop columns_loop(reduction::Code code, DType type) {
  return dispatch(type, [&](auto t) -> ReduceLoop {
    using T = decltype(t);
    ReduceLoop loops[] = {columns_run<T, 0>, columns_run<T, 1>, columns_run<T, 2>, columns_run<T, 3>};
    return loops[code];
  });
}
ReduceLoop cumsum_loop(DType type) {
  return dispatch(type, [&](auto t) -> ReduceLoop {
    using T = decltype(t);
    return [](const void* x, void* y, std::size_t outer, std::size_t n) {
      for (std::size_t i = 0; i < outer; ++i) {
        T total = 0;
        for (std::size_t j = 0; j < n; ++j)
          static_cast<T*>(y)[i * n + j] = total = static_cast<T>(total + static_cast<const T*>(x)[i * n + j]);
      }
    };
  });
}
ReduceLoop extreme_loop(kernels::extreme::Code code, DType type) {
  return dispatch(type, [&](auto t) -> ReduceLoop {
    using T = decltype(t);
    const auto loop = [](auto better) { return better; };
    (void)loop;
    if (code == kernels::extreme::argmax) {
      return [](const void* x, void* y, std::size_t outer, std::size_t n) {
        for (std::size_t i = 0; i < outer; ++i) {
          const T* row = static_cast<const T*>(x) + i * n;
          std::size_t best = 0;
          for (std::size_t j = 1; j < n && row[best] == row[best]; ++j)
            if (row[j] > row[best] || row[j] != row[j]) best = j;
          static_cast<std::int64_t*>(y)[i] = static_cast<std::int64_t>(best);
        }
      };
    }
    return [](const void* x, void* y, std::size_t outer, std::size_t n) {
      for (std::size_t i = 0; i < outer; ++i) {
        const T* row = static_cast<const T*>(x) + i * n;
        std::size_t best = 0;
        for (std::size_t j = 1; j < n && row[best] == row[best]; ++j)
          if (row[j] < row[best] || row[j] != row[j]) best = j;
        static_cast<std::int64_t*>(y)[i] = static_cast<std::int64_t>(best);
      }
    };
  });
}

UnaryLoop unary_loop(unary::Code code, DType type) {
  return dispatch(type, [&](auto t) -> UnaryLoop { return unary_find<decltype(t)>(code); });
}
BinaryLoop binary_loop(binary::Code code, DType type) {
  return dispatch(type, [&](auto t) -> BinaryLoop { return binary_find<decltype(t)>(code); });
}
BinaryLoop compare_loop(comparison::Code code, DType type) {
  return dispatch(type, [&](auto t) -> BinaryLoop { return compare_find<decltype(t)>(code); });
}
BinaryLoop logical_loop(logical::Code code) {
  switch (code) {
    case logical::both:
      return [](const void* a, const void* b, void* y, std::size_t n, Mode m) {
        pairwise<std::uint8_t, std::uint8_t>(a, b, y, n, m, [](int p, int q) { return p & q; });
      };
    case logical::either:
      return [](const void* a, const void* b, void* y, std::size_t n, Mode m) {
        pairwise<std::uint8_t, std::uint8_t>(a, b, y, n, m, [](int p, int q) { return p | q; });
      };
    default:
      return [](const void* a, const void* b, void* y, std::size_t n, Mode m) {
        pairwise<std::uint8_t, std::uint8_t>(a, b, y, n, m, [](int p, int q) { return p ^ q; });
      };
  }
}
SelectLoop select_loop(DType type) {
  return item_size(type) == 1   ? select_run<std::uint8_t>
         : item_size(type) == 4 ? select_run<std::uint32_t>
                                : select_run<std::uint64_t>;
}
UnaryLoop cast_loop(DType from, DType to) {
  return dispatch(from, [&](auto f) -> UnaryLoop {
    return dispatch(to, [&](auto t) -> UnaryLoop {
      return [](const void* x, void* y, std::size_t n) {
        const auto* in = static_cast<const decltype(f)*>(x);
        auto* out = static_cast<decltype(t)*>(y);
        for (std::size_t i = 0; i < n; ++i) out[i] = cast_one<decltype(f), decltype(t)>(in[i]);
      };
    });
  });
}
UnaryLoop finite_loop(DType type) {
  return dispatch(type, [&](auto t) -> UnaryLoop {
    return [](const void* x, void* y, std::size_t n) {
      const auto* in = static_cast<const decltype(t)*>(x);
      for (std::size_t i = 0; i < n; ++i) static_cast<std::uint8_t*>(y)[i] = in[i] - in[i] == 0;
    };
  });
}
UnaryLoop not_loop() {
  return [](const void* x, void* y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i)
      static_cast<std::uint8_t*>(y)[i] = !static_cast<const std::uint8_t*>(x)[i];
  };
}

}  // namespace stochos::tensor
