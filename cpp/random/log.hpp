// Natural logarithm with the same bits everywhere: only + - * / and bit operations in one fixed order, so
// that scalar code and vector lanes agree. Within 1 ulp of the true value.
#pragma once
#include <bit>
#include <cstdint>

namespace stochos::random {

// x > 0, finite and normal. Method and constants: FreeBSD msun e_log.c (K. C. Ng, Sun Microsystems 1993,
// freely granted); x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), s = f / (2 + f).
constexpr double log(double x) noexcept {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  constexpr double kG1 = 6.666666666666735130e-01, kG2 = 3.999999999940941908e-01,
                   kG3 = 2.857142874366239149e-01, kG4 = 2.222219843214978396e-01,
                   kG5 = 1.818357216161805012e-01, kG6 = 1.531383769920937332e-01,
                   kG7 = 1.479819860511658591e-01;
  constexpr std::uint64_t kHalfRoot = 0x3FE6A09E00000000ULL;  // high word of sqrt(1/2)
  const std::uint64_t shifted = std::bit_cast<std::uint64_t>(x) - kHalfRoot;
  const double k = static_cast<double>(static_cast<std::int32_t>(static_cast<std::int64_t>(shifted) >> 52));
  const double f = std::bit_cast<double>((shifted & 0x000FFFFFFFFFFFFFULL) + kHalfRoot) - 1.0;
  const double half = 0.5 * f * f;
  const double s = f / (2.0 + f);
  const double z = s * s, w = z * z;
  const double even = w * (kG2 + w * (kG4 + w * kG6));
  const double odd = z * (kG1 + w * (kG3 + w * (kG5 + w * kG7)));
  return s * (half + (odd + even)) + k * kLn2Low - half + f + k * kLn2High;
}

}  // namespace stochos::random
