#include "kernels/table.hpp"

#include "base/cpu.hpp"

namespace stochos::kernels {

const Table& table() {
#if defined(__x86_64__)
  switch (cpu_level()) {
    case CpuLevel::avx512:
      return avx512::kTable;
    case CpuLevel::avx2:
      return avx2::kTable;
    case CpuLevel::baseline:
      break;
  }
#endif
  return baseline::kTable;
}

}  // namespace stochos::kernels
