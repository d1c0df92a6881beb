// Which instruction set the kernels use: chosen once, lowered by STOCHOS_CPU=baseline|avx2|avx512.
#pragma once

namespace stochos {

enum class CpuLevel { baseline = 0, avx2 = 1, avx512 = 2 };

// The best level this machine runs.
CpuLevel detected_cpu_level() noexcept;
// The level in force. Throws Error(value) when STOCHOS_CPU names no level or one that this machine lacks.
CpuLevel cpu_level();
const char* cpu_level_name(CpuLevel level) noexcept;

}  // namespace stochos
