// Kernels over arrays at the level in force against plain loops in higher precision; where equal bits at
// every level are promised, against the baseline's table.
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "check.hpp"
#include "kernels/table.hpp"
#include "random/stream.hpp"

namespace {

using namespace stochos::kernels;
constexpr double kInf = std::numeric_limits<double>::infinity();
const std::size_t kSizes[] = {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 100, 1000, 4099};

template <class T>
std::vector<T> numbers(std::size_t n, std::uint64_t record) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<T>(stochos::random::draw({1, 2}, record, i)[0] * 0x1p-30 - 2);  // -2 .. 2
  }
  return x;
}
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
template <class T>
bool near(T got, double truth, double units) {
  return std::fabs(static_cast<double>(got) - truth) <=
         units * std::numeric_limits<T>::epsilon() * (1 + std::fabs(truth));
}

template <class T>
void check_binary(const BinaryKernel<T>* kernels, const CompareKernel<T>* comparisons) {
  for (const std::size_t n : kSizes) {
    const std::vector<T> a = numbers<T>(n + 1, 1), b = numbers<T>(n + 1, 2);
    for (const Mode mode : {kVectors, kScalarA, kScalarB, kScalars}) {
      std::vector<T> y(n + 1, T(77));
      std::vector<std::uint8_t> bytes(n + 1, 9);
      for (int code = 0; code < binary::count; ++code) {
        if (code == binary::pow) continue;
        kernels[code](a.data(), b.data(), y.data(), n, mode);
        bool ok = true;
        for (std::size_t i = 0; i < n; ++i) {
          const T u = a[mode & kScalarA ? 0 : i], v = b[mode & kScalarB ? 0 : i];
          const T mod = std::fmod(u, v);
          const T truth = code == binary::add                ? u + v
                          : code == binary::sub              ? u - v
                          : code == binary::mul              ? u * v
                          : code == binary::div              ? u / v
                          : code == binary::maximum          ? std::fmax(u, v)
                          : code == binary::minimum          ? std::fmin(u, v)
                          : mod != 0 && (mod < 0) != (v < 0) ? mod + v
                                                             : mod;
          ok = ok && y[i] == truth;
        }
        CHECK(ok && y[n] == T(77));  // nothing past the end is written
      }
      for (int code = 0; code < compare::count; ++code) {
        comparisons[code](a.data(), b.data(), bytes.data(), n, mode);
        bool ok = true;
        for (std::size_t i = 0; i < n; ++i) {
          const T u = a[mode & kScalarA ? 0 : i], v = b[mode & kScalarB ? 0 : i];
          const bool truth[] = {u == v, u != v, u<v, u <= v, u> v, u >= v};
          ok = ok && bytes[i] == static_cast<std::uint8_t>(truth[code]);
        }
        CHECK(ok && bytes[n] == 9);
      }
    }
  }
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (const int code : {binary::maximum, binary::minimum}) {  // a NaN on either side is the answer
    T y[2] = {0, 0};
    const T left[2] = {nan, 1}, right[2] = {1, nan};
    kernels[code](left, right, y, 2, kVectors);
    CHECK(std::isnan(y[0]) && std::isnan(y[1]));
  }
}

template <class T>
void check_reduce(const ReduceKernel<T>* rows, const ColumnsKernel<T>* columns,
                  const ReduceKernel<T>* rows_below, const ColumnsKernel<T>* columns_below,
                  const ExtremeKernel<T>* places) {
  for (const std::size_t n : kSizes) {
    const std::size_t outer = 70;  // more than one run of a column
    const std::vector<T> x = numbers<T>(outer * n, 3);
    for (int code = 0; code < reduce::count; ++code) {
      std::vector<T> by_row(outer), by_column(n), row_below(outer), column_below(n);
      rows[code](x.data(), by_row.data(), outer, n);
      columns[code](x.data(), by_column.data(), outer, n, n);
      rows_below[code](x.data(), row_below.data(), outer, n);
      columns_below[code](x.data(), column_below.data(), outer, n, n);
      if (code == reduce::sum) CHECK(same_bits(by_row, row_below) && same_bits(by_column, column_below));
      const auto truth = [&](std::size_t start, std::size_t step, std::size_t count) {
        double total = code == reduce::sum    ? 0
                       : code == reduce::prod ? 1
                       : code == reduce::max  ? -kInf
                                              : kInf;
        for (std::size_t i = 0; i < count; ++i) {
          const double v = x[start + i * step];
          total = code == reduce::sum    ? total + v
                  : code == reduce::prod ? total * v
                  : code == reduce::max  ? std::fmax(total, v)
                                         : std::fmin(total, v);
        }
        return total;
      };
      bool ok = true;
      const double units = code == reduce::sum || code == reduce::prod ? 200 : 0;
      for (std::size_t i = 0; i < outer; ++i) {
        const double t = truth(i * n, 1, n);
        ok = ok && (std::isinf(t) ? by_row[i] == t : near(by_row[i], t, units));
      }
      for (std::size_t j = 0; j < n; ++j) ok = ok && near(by_column[j], truth(j, n, outer), units);
      CHECK(ok);
    }
    if (n == 0) continue;
    std::vector<std::int64_t> place(outer);
    std::vector<T> tied = x;
    for (T& v : tied) v = std::floor(v);  // so that the first of equals is asked for
    for (int code = 0; code < extreme::count; ++code) {
      places[code](tied.data(), place.data(), outer, n);
      bool ok = true;
      for (std::size_t i = 0; i < outer; ++i) {
        std::size_t best = 0;
        for (std::size_t j = 1; j < n; ++j) {
          const T v = tied[i * n + j], b = tied[i * n + best];
          if (code == extreme::argmax ? v > b : v < b) best = j;
        }
        ok = ok && place[i] == static_cast<std::int64_t>(best);
      }
      CHECK(ok);
    }
  }
  std::vector<T> x = numbers<T>(100, 4);
  x[70] = std::numeric_limits<T>::quiet_NaN();
  T y = 0;
  std::int64_t place = 0;
  for (const int code : {reduce::max, reduce::min}) {
    rows[code](x.data(), &y, 1, 100);
    CHECK(std::isnan(y));
    columns[code](x.data(), &y, 100, 1);
    CHECK(std::isnan(y));
  }
  places[extreme::argmax](x.data(), &place, 1, 100);
  CHECK(place == 70);
}

template <class T, class Soft, class Back, class Norm, class NormBack>
void check_rows(Soft softmax, Soft log_softmax, Soft logsumexp, Back softmax_back, Back log_back, Norm norm,
                NormBack norm_back) {
  for (const std::size_t n : {1, 3, 8, 10, 17, 64, 131}) {
    const std::size_t outer = 5;
    const std::vector<T> x = numbers<T>(outer * n, 5), dy = numbers<T>(outer * n, 6);
    std::vector<std::uint8_t> mask(outer * n);
    for (std::size_t i = 0; i < mask.size(); ++i)
      mask[i] = i >= n && stochos::random::draw({1, 2}, 7, i)[0] % 4 != 0;
    std::vector<T> y(outer * n), logs(outer * n), sums(outer), dx(outer * n), log_dx(outer * n);
    for (const bool masked : {false, true}) {  // with the mask, row 0 has nothing in
      const std::uint8_t* m = masked ? mask.data() : nullptr;
      softmax({x.data(), m, n, y.data(), outer, n});
      log_softmax({x.data(), m, n, logs.data(), outer, n});
      logsumexp({x.data(), m, n, sums.data(), outer, n});
      softmax_back({y.data(), dy.data(), dx.data(), outer, n});
      log_back({logs.data(), dy.data(), log_dx.data(), outer, n});
      bool ok = true;
      for (std::size_t i = 0; i < outer; ++i) {
        double total = 0, dot = 0, sum = 0;
        for (std::size_t j = i * n; j < i * n + n; ++j)
          total += masked && !mask[j] ? 0 : std::exp(static_cast<double>(x[j]));
        ok = ok && (total == 0 ? sums[i] == -kInf : near(sums[i], std::log(total), 10));
        for (std::size_t j = i * n; j < i * n + n; ++j)
          dot += static_cast<double>(y[j]) * dy[j], sum += dy[j];
        for (std::size_t j = i * n; j < i * n + n; ++j) {
          const double p = masked && !mask[j] ? 0 : std::exp(static_cast<double>(x[j])) / total;
          ok = ok && near(y[j], p, 10) &&
               (p == 0 ? y[j] == 0 && logs[j] == -kInf : near(logs[j], std::log(p), 10));
          ok = ok && near(dx[j], p * (dy[j] - dot), 40) && near(log_dx[j], dy[j] - p * sum, 40);
        }
      }
      CHECK(ok);
    }
    const std::vector<T> gain = numbers<T>(n, 8), bias = numbers<T>(n, 9);
    std::vector<T> mean(outer), rstd(outer), d_gain(n, T(1)), d_bias(n, T(1));
    norm({x.data(), gain.data(), bias.data(), T(1e-3), y.data(), mean.data(), rstd.data(), outer, n});
    norm_back({dy.data(), x.data(), gain.data(), mean.data(), rstd.data(), dx.data(), d_gain.data(),
               d_bias.data(), outer, n});
    std::vector<double> gain_truth(n, 1), bias_truth(n, 1);
    bool ok = true;
    for (std::size_t i = 0; i < outer; ++i) {
      const T* row = x.data() + i * n;
      double mu = 0, variance = 0, c1 = 0, c2 = 0;
      for (std::size_t j = 0; j < n; ++j) mu += row[j] / static_cast<double>(n);
      for (std::size_t j = 0; j < n; ++j) variance += (row[j] - mu) * (row[j] - mu) / static_cast<double>(n);
      const double r = 1 / std::sqrt(variance + 1e-3);
      for (std::size_t j = 0; j < n; ++j) {
        const double unit = (row[j] - mu) * r, g = static_cast<double>(dy[i * n + j]) * gain[j];
        c1 += g / static_cast<double>(n), c2 += g * unit / static_cast<double>(n);
        gain_truth[j] += dy[i * n + j] * unit, bias_truth[j] += dy[i * n + j];
        ok = ok && near(y[i * n + j], unit * gain[j] + bias[j], 200);
      }
      for (std::size_t j = 0; j < n; ++j) {
        const double unit = (row[j] - mu) * r, g = static_cast<double>(dy[i * n + j]) * gain[j];
        ok = ok && near(dx[i * n + j], r * (g - c1 - unit * c2), 3000);  // r is as much as 30
      }
    }
    for (std::size_t j = 0; j < n; ++j)
      ok = ok && near(d_gain[j], gain_truth[j], 500) && near(d_bias[j], bias_truth[j], 50);
    CHECK(ok);
  }
}

template <class T, class Kernel>
void check_updates(const Kernel* kernels) {
  const UpdateSettings u{.rate = 0.1,
                         .scale = 0.5,
                         .l2 = 0.01,
                         .decay = 0.02,
                         .beta1 = 0.9,
                         .beta2 = 0.99,
                         .epsilon = 1e-3,
                         .correction1 = 0.19,
                         .correction2 = 0.0199};
  for (const std::size_t n : kSizes) {
    for (int code = 0; code < update::count; ++code) {
      std::vector<T> p = numbers<T>(n + 1, 10), s = numbers<T>(n + 1, 12), t = numbers<T>(n + 1, 13);
      const std::vector<T> g = numbers<T>(n + 1, 11);
      for (T& v : s) v = std::fabs(v);
      for (T& v : t) v = std::fabs(v);
      const std::vector<T> p0 = p, s0 = s, t0 = t;
      kernels[code]({p.data(), g.data(), s.data(), t.data(), p.data(), s.data(), t.data(), n}, u);
      bool ok = p[n] == p0[n] && s[n] == s0[n] && t[n] == t0[n];
      for (std::size_t i = 0; i < n; ++i) {
        const double h = g[i] * u.scale + u.l2 * p0[i];
        double q = p0[i] * (1 - u.rate * u.decay), v = s0[i], w = t0[i];
        if (code == update::sgd) q -= u.rate * h;
        if (code == update::momentum || code == update::nesterov) {
          v = u.beta1 * v + h;
          q -= u.rate * (code == update::momentum ? v : h + u.beta1 * v);
        }
        if (code == update::rmsprop || code == update::adagrad) {
          v = code == update::adagrad ? v + h * h : u.beta2 * v + (1 - u.beta2) * h * h;
          q -= u.rate * h / (std::sqrt(v) + u.epsilon);
        }
        if (code == update::adam) {
          v = u.beta1 * v + (1 - u.beta1) * h;
          w = u.beta2 * w + (1 - u.beta2) * h * h;
          q -= u.rate * (v / u.correction1) / (std::sqrt(w / u.correction2) + u.epsilon);
        }
        ok = ok && near(p[i], q, 30) && near(s[i], v, 10) && near(t[i], w, 10);
      }
      CHECK(ok);
    }
  }
}

template <class T>
std::vector<T> filled(void (*kernel)(const RandomFill&, T*), std::uint64_t first, std::size_t count) {
  std::vector<T> y(count);
  kernel({5, 6, 0x100000007ULL, first, count}, y.data());
  return y;
}
template <class T>
void check_fill(void (*kernel)(const RandomFill&, T*), void (*below)(const RandomFill&, T*)) {
  const std::vector<T> all = filled(kernel, 0, 1003);
  CHECK(same_bits(all, filled(below, 0, 1003)));
  for (const std::size_t first : {1, 2, 33, 64, 500}) {  // a part is the same part of the whole
    CHECK(
        same_bits(filled(kernel, first, 301), std::vector<T>(all.begin() + static_cast<long>(first),
                                                             all.begin() + static_cast<long>(first + 301))));
  }
}
template <class T>
void check_normal(void (*kernel)(const RandomFill&, T*)) {
  const std::size_t n = 4096;
  const std::vector<T> z = filled(kernel, 0, n);
  double worst = 0;
  for (std::size_t i = 0; i < n; i += 2) {
    const std::size_t block = sizeof(T) == 4 ? i / 4 : i / 2;
    const auto w = stochos::random::draw({5, 6}, 0x100000007ULL, block);
    const double u = sizeof(T) == 4 ? (w[i % 4] + 0.5) * 0x1p-32 : stochos::random::uniform_open(w[0], w[1]);
    const double v = sizeof(T) == 4 ? w[i % 4 + 1] * 0x1p-32 : (w[2] * 0x1p-32 + w[3] * 0x1p-64);
    const double r = std::sqrt(-2 * std::log(u)), angle = 6.283185307179586477 * v;
    worst = std::fmax(worst, std::fabs(z[i] - r * std::cos(angle)));
    worst = std::fmax(worst, std::fabs(z[i + 1] - r * std::sin(angle)));
  }
  CHECK(worst < 40 * std::numeric_limits<T>::epsilon());
}

template <class T>
void check_transpose(TransposeKernel kernel) {
  for (const std::size_t rows : {1, 4, 7, 16, 33, 70}) {
    for (const std::size_t columns : {1, 5, 8, 16, 31, 64}) {
      const std::size_t ldx = columns + 3, ldy = rows + 2;
      std::vector<T> x(rows * ldx), y(columns * ldy, T(99));
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i * 7 + 1);
      kernel(x.data(), y.data(), rows, columns, ldx, ldy);
      bool ok = true;
      for (std::size_t j = 0; j < columns; ++j) {
        for (std::size_t i = 0; i < ldy; ++i)
          ok = ok && y[j * ldy + i] == (i < rows ? x[i * ldx + j] : T(99));
      }
      CHECK(ok);
    }
  }
}

}  // namespace

TEST(arithmetic_and_comparisons_follow_c) {
  check_binary<float>(table().binary_f32, table().compare_f32);
  check_binary<double>(table().binary_f64, table().compare_f64);
}
TEST(whole_numbers_wrap_and_divide_as_python_does) {
  const std::int32_t a[] = {7, -7, 7, -7, INT32_MIN, 5, INT32_MAX}, b[] = {3, 3, -3, -3, -1, 0, 1};
  const std::int32_t mod[] = {1, 2, -2, -1, 0, 0, 0};
  std::int32_t y[7];
  table().binary_i32[binary::mod](a, b, y, 7, kVectors);
  CHECK(std::memcmp(y, mod, sizeof y) == 0);
  table().binary_i32[binary::add](a, b, y, 7, kVectors);
  CHECK(y[6] == INT32_MIN && y[4] == INT32_MAX);
  const std::int64_t c[] = {3, -2, 2, -1, 1, 0, 2}, d[] = {4, 3, -1, -3, -5, 0, 63};
  const std::int64_t power[] = {81, -8, 0, -1, 1, 1, INT64_MIN};
  std::int64_t z[7];
  table().binary_i64[binary::pow](c, d, z, 7, kVectors);
  CHECK(std::memcmp(z, power, sizeof z) == 0);
  table().unary_i64[unary::sign](c, z, 7);
  CHECK(z[0] == 1 && z[1] == -1 && z[5] == 0);
  CHECK(table().unary_i32[unary::exp] == nullptr && table().binary_i64[binary::div] == nullptr);
}
TEST(casts_keep_to_the_range) {
  const double x[] = {1.9, -1.9, 3e9, -3e9, std::numeric_limits<double>::quiet_NaN(), kInf, 1e19, -kInf};
  std::int32_t i32[8];
  std::int64_t i64[8];
  std::uint8_t b8[8];
  table().cast[kind::f64][kind::i32](x, i32, 8);
  table().cast[kind::f64][kind::i64](x, i64, 8);
  table().cast[kind::f64][kind::b8](x, b8, 8);
  const std::int32_t to32[] = {1, -1, INT32_MAX, INT32_MIN, 0, INT32_MAX, INT32_MAX, INT32_MIN};
  const std::int64_t to64[] = {1, -1, 3000000000, -3000000000, 0, INT64_MAX, INT64_MAX, INT64_MIN};
  CHECK(std::memcmp(i32, to32, sizeof i32) == 0 && std::memcmp(i64, to64, sizeof i64) == 0);
  for (const std::uint8_t v : b8) CHECK(v == 1);
}
TEST(selects_take_both_sides) {
  for (const std::size_t n : kSizes) {
    const std::vector<double> a = numbers<double>(n + 1, 1), b = numbers<double>(n + 1, 2);
    std::vector<std::uint8_t> mask(n + 1);
    for (std::size_t i = 0; i < n; ++i) mask[i] = i % 3 == 0;
    for (const Mode mode : {kVectors, kScalarA, kScalarB, kScalars}) {
      std::vector<double> y(n);
      table().select_8(mask.data(), a.data(), b.data(), y.data(), n, mode);
      for (std::size_t i = 0; i < n; ++i)
        CHECK(y[i] == (mask[i] ? a[mode & kScalarA ? 0 : i] : b[mode & kScalarB ? 0 : i]));
    }
  }
}
TEST(reductions_agree_with_loops) {
  const Table &t = table(), &below = baseline::kTable;
  check_reduce<float>(t.reduce_rows_f32, t.reduce_columns_f32, below.reduce_rows_f32,
                      below.reduce_columns_f32, t.extreme_rows_f32);
  check_reduce<double>(t.reduce_rows_f64, t.reduce_columns_f64, below.reduce_rows_f64,
                       below.reduce_columns_f64, t.extreme_rows_f64);
}
TEST(rows_are_normalised) {
  const Table& t = table();
  check_rows<float>(t.softmax_rows_f32, t.log_softmax_rows_f32, t.logsumexp_rows_f32, t.softmax_backward_f32,
                    t.log_softmax_backward_f32, t.layer_norm_f32, t.layer_norm_backward_f32);
  check_rows<double>(t.softmax_rows_f64, t.log_softmax_rows_f64, t.logsumexp_rows_f64, t.softmax_backward_f64,
                     t.log_softmax_backward_f64, t.layer_norm_f64, t.layer_norm_backward_f64);
}
TEST(optimisers_follow_their_laws) {
  check_updates<float>(table().update_f32);
  check_updates<double>(table().update_f64);
}
TEST(random_arrays_are_philox_and_the_same_at_every_level) {
  const Table &t = table(), &below = baseline::kTable;
  check_fill(t.random_bits, below.random_bits);
  check_fill(t.random_uniform_f32, below.random_uniform_f32);
  check_fill(t.random_uniform_f64, below.random_uniform_f64);
  check_fill(t.random_normal_f32, below.random_normal_f32);
  check_fill(t.random_normal_f64, below.random_normal_f64);
  const auto bits = filled(t.random_bits, 0, 1000);
  const auto single = filled(t.random_uniform_f32, 0, 1000);
  const auto wide = filled(t.random_uniform_f64, 0, 500);
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto block = stochos::random::draw({5, 6}, 0x100000007ULL, i / 4);
    CHECK(bits[i] == block[i % 4] && single[i] == stochos::random::uniform_float(bits[i]));
    if (i % 2 == 0)
      CHECK(wide[i / 2] == static_cast<double>((std::uint64_t{bits[i]} << 32 | bits[i + 1]) >> 11) * 0x1p-53);
  }
  check_normal<float>(t.random_normal_f32);
  check_normal<double>(t.random_normal_f64);
}
TEST(transposes_move_every_element) {
  check_transpose<std::uint8_t>(table().transpose_1);
  check_transpose<std::uint32_t>(table().transpose_4);
  check_transpose<std::uint64_t>(table().transpose_8);
}
