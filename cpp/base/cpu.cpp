#include "base/cpu.hpp"

#include <cstdlib>
#include <string>

#include "base/error.hpp"

namespace stochos {

CpuLevel detected_cpu_level() noexcept {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                    __builtin_cpu_supports("popcnt");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512) return CpuLevel::avx512;
  if (avx2) return CpuLevel::avx2;
#endif
  return CpuLevel::baseline;
}

const char* cpu_level_name(CpuLevel level) noexcept {
  switch (level) {
    case CpuLevel::avx512:
      return "avx512";
    case CpuLevel::avx2:
      return "avx2";
    default:
      return "baseline";
  }
}

namespace {
CpuLevel choose_level() {
  const CpuLevel best = detected_cpu_level();
  const char* text = std::getenv("STOCHOS_CPU");
  if (text == nullptr || *text == '\0') return best;
  const std::string wanted(text);
  for (const CpuLevel level : {CpuLevel::baseline, CpuLevel::avx2, CpuLevel::avx512}) {
    if (wanted != cpu_level_name(level)) continue;
    if (level > best) {
      throw Error(ErrorKind::value, "config.cpu",
                  "STOCHOS_CPU=" + wanted + ", but this machine only has " + cpu_level_name(best) +
                      "; unset it or name a lower level");
    }
    return level;
  }
  throw Error(ErrorKind::value, "config.cpu",
              "STOCHOS_CPU='" + wanted + "' is none of baseline, avx2, avx512");
}
}  // namespace

CpuLevel cpu_level() {
  static const CpuLevel level = choose_level();  // a throwing initialiser is tried again at the next call
  return level;
}

}  // namespace stochos
