#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "check.hpp"
#include "random/philox.hpp"
#include "tensor/product.hpp"

using namespace stochos;

namespace {

template <class T>
std::vector<T> numbers(std::size_t n, std::uint32_t key) {
  std::vector<T> made(n);
  for (std::size_t i = 0; i < n; ++i)
    made[i] = static_cast<T>(random::philox({static_cast<std::uint32_t>(i), 0, 0, 0}, {key, 0})[0]) /
                  T(4294967296.0) -
              T(0.5);
  return made;
}

struct Case {
  std::size_t m, n, k;
};
// Around the tiles' 12 rows, the panels' 8 to 32 columns, the 256 steps of a block; thin ones; some that
// threads share, over more steps than B has room for and over more columns than are packed at a time.
constexpr Case kCases[] = {{1, 1, 1},     {16, 16, 2},     {300, 33, 40}, {24, 64, 256},   {25, 95, 257},
                           {900, 17, 40}, {200, 130, 70},  {100, 1, 50},  {481, 129, 300}, {70, 520, 600},
                           {3, 200, 30},  {60, 130, 1100}, {30, 4200, 40}};

template <class T>
void check_values(T tolerance) {
  for (const Case& s : kCases) {
    for (int form = 0; form < 8; ++form) {
      const bool ta = (form & 1) != 0, tb = (form & 2) != 0, plus = (form & 4) != 0;
      // Rows of memory longer than the matrices'.
      const std::size_t lda = (ta ? s.m : s.k) + 3, ldb = (tb ? s.k : s.n) + 1, ldc = s.n + 2;
      const std::vector<T> a = numbers<T>((ta ? s.k : s.m) * lda, 1),
                           b = numbers<T>((tb ? s.n : s.k) * ldb, 2);
      const std::vector<T> before = numbers<T>(s.m * ldc, 3);
      std::vector<T> c = before;
      tensor::product(ta, tb, s.m, s.n, s.k, a.data(), lda, b.data(), ldb, plus, c.data(), ldc);
      double worst = 0;
      bool beside = true;
      for (std::size_t i = 0; i < s.m; ++i) {
        for (std::size_t j = 0; j < s.n; ++j) {
          double sum = plus ? static_cast<double>(before[i * ldc + j]) : 0;
          for (std::size_t l = 0; l < s.k; ++l)
            sum += static_cast<double>(ta ? a[l * lda + i] : a[i * lda + l]) *
                   static_cast<double>(tb ? b[j * ldb + l] : b[l * ldb + j]);
          worst = std::max(worst, std::abs(sum - static_cast<double>(c[i * ldc + j])));
        }
        for (std::size_t j = s.n; j < ldc; ++j) beside = beside && c[i * ldc + j] == before[i * ldc + j];
      }
      CHECK(worst <= static_cast<double>(tolerance) * std::sqrt(static_cast<double>(s.k)));
      CHECK(beside);
    }
  }
}

}  // namespace

// Against sums in double precision of the products, whose factors lie in [-0.5, 0.5].
TEST(products_are_those_of_the_definition_f32) {
  check_values<float>(2e-6F);
}
TEST(products_are_those_of_the_definition_f64) {
  check_values<double>(1e-14);
}

TEST(a_product_of_no_terms_is_zero_or_what_was_there) {
  std::vector<float> c{1, 2, 3, 4};
  tensor::product<float>(false, false, 2, 2, 0, nullptr, 1, nullptr, 2, true, c.data(), 2);
  CHECK((c == std::vector<float>{1, 2, 3, 4}));
  tensor::product<float>(false, false, 2, 2, 0, nullptr, 1, nullptr, 2, false, c.data(), 2);
  CHECK((c == std::vector<float>{0, 0, 0, 0}));
}
