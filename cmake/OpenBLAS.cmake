# Finds OpenBLAS and makes the target stochos_openblas.
# First choice: the scipy-openblas32 wheel (prefixed symbols; its library travels inside our wheel).
# Second: a system OpenBLAS, for builds of the core without Python.
add_library(stochos_openblas INTERFACE)
set(blas_dir "${STOCHOS_BLAS_DIR}")
if(NOT blas_dir)
  find_package(Python COMPONENTS Interpreter QUIET)
  if(Python_Interpreter_FOUND)
    execute_process(
      COMMAND "${Python_EXECUTABLE}" -c "import scipy_openblas32 as b; print(b.get_lib_dir())"
      OUTPUT_VARIABLE blas_dir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
if(blas_dir)
  find_library(STOCHOS_OPENBLAS_LIBRARY NAMES scipy_openblas libscipy_openblas PATHS "${blas_dir}"
    NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH REQUIRED)
  # Every library that is there: some wheels of OpenBLAS bring that of Fortran along. On Windows what is linked is a list
  # of the names in the library, which is another file.
  file(GLOB STOCHOS_BLAS_BUNDLE "${blas_dir}/*${CMAKE_SHARED_LIBRARY_SUFFIX}*")
  target_compile_definitions(stochos_openblas INTERFACE STOCHOS_BLAS_PREFIXED=1)
else()
  find_library(STOCHOS_OPENBLAS_LIBRARY openblas REQUIRED)
endif()
message(STATUS "OpenBLAS: ${STOCHOS_OPENBLAS_LIBRARY}")
target_link_libraries(stochos_openblas INTERFACE "${STOCHOS_OPENBLAS_LIBRARY}")
