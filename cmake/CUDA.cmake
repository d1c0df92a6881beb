# Adds the kernels to STOCHOS_SOURCES, or the symbols of a build without them.
if(STOCHOS_CUDA_EMULATED)
  # The kernels' files as C++ for the card of tests/cuda/emulator: what C++ cannot read is a launch, and memory
  # whose size a launch tells.
  if(STOCHOS_CUDA)
    message(FATAL_ERROR "STOCHOS_CUDA and STOCHOS_CUDA_EMULATED are two builds; give one of them")
  endif()
  file(GLOB STOCHOS_CUDA_SOURCES CONFIGURE_DEPENDS cpp/cuda/*.cu)
  foreach(source IN LISTS STOCHOS_CUDA_SOURCES)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
    get_filename_component(name "${source}" NAME_WE)
    file(READ "${source}" text)
    string(REGEX REPLACE "([A-Za-z_]+(<[A-Za-z]+>)?)<<<([^<>]*)>>>\\(" "::emulated::Launch{\\3}(\\1, " text "${text}")
    string(REGEX REPLACE "extern __shared__ ([a-z]+) ([a-z]+)\\[\\];" "\\1* const \\2 = ::emulated::shared<\\1>();" text "${text}")
    file(CONFIGURE OUTPUT "emulated/${name}.cpp" CONTENT "#line 1 \"${source}\"\n${text}" @ONLY)
    list(APPEND STOCHOS_EMULATED_SOURCES "${CMAKE_CURRENT_BINARY_DIR}/emulated/${name}.cpp")
  endforeach()
  list(FILTER STOCHOS_SOURCES EXCLUDE REGEX "cpp/cuda/cublas.cpp$")
  file(GLOB STOCHOS_CUDA_SOURCES CONFIGURE_DEPENDS tests/cuda/emulator/*.cpp)
  list(FILTER STOCHOS_CUDA_SOURCES EXCLUDE REGEX "/test_[a-z_]+\\.cpp$")
  list(APPEND STOCHOS_EMULATED_SOURCES ${STOCHOS_CUDA_SOURCES})
  set_source_files_properties(${STOCHOS_EMULATED_SOURCES} PROPERTIES INCLUDE_DIRECTORIES "${CMAKE_CURRENT_SOURCE_DIR}/tests/cuda/emulator")
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")  # its fibers are threads; what they go by is not theirs
    set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/tests/cuda/emulator/threads.cpp PROPERTIES
      COMPILE_OPTIONS "-fno-sanitize=thread" COMPILE_DEFINITIONS "STOCHOS_FIBERS_ARE_THREADS")
  endif()
  list(APPEND STOCHOS_SOURCES ${STOCHOS_EMULATED_SOURCES})
  return()
endif()
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
