# Adds the kernels to STOCHOS_SOURCES, or the symbols of a build without them.
if(NOT STOCHOS_CUDA)
  file(GLOB STOCHOS_CUDA_SOURCES CONFIGURE_DEPENDS cpp/cuda/stub/*.cpp)
  list(APPEND STOCHOS_SOURCES ${STOCHOS_CUDA_SOURCES})
  list(FILTER STOCHOS_SOURCES EXCLUDE REGEX "cpp/cuda/cublas.cpp$")  # the stub asks for no product
  return()
endif()

# Every generation that the toolkit knows; -DCMAKE_CUDA_ARCHITECTURES=90 for one, which compiles faster.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES all-major)
endif()
enable_language(CUDA)
set(CMAKE_CUDA_STANDARD 20)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc has it
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
endif()
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
# The streams' constant functions run on the device too; no multiplication is fused with an addition, as on the
# processor, so that trajectories have its bits.
string(APPEND CMAKE_CUDA_FLAGS " --expt-relaxed-constexpr -fmad=false -Xcompiler=-ffp-contract=off,-Wall,-Wextra,-Wshadow")
file(GLOB STOCHOS_CUDA_SOURCES CONFIGURE_DEPENDS cpp/cuda/*.cu)
list(APPEND STOCHOS_SOURCES ${STOCHOS_CUDA_SOURCES})
