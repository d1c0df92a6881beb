#!/bin/bash
# Fuzz every reader with the core under the address and undefined-behaviour sanitizers: builds the preset `fuzz`, takes the
# arguments of `python -m fuzz`. Any report of a sanitizer ends the process that made it, which is a fault.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python}
cmake --preset fuzz -DPython_EXECUTABLE="$(command -v "$python")" -Dpybind11_DIR="$("$python" -m pybind11 --cmakedir)" >/dev/null
cmake --build --preset fuzz --parallel
package=build/fuzz/package
rm -rf "$package"
mkdir -p "$package"
tar -C python --exclude='*.so' --exclude=lib --exclude=__pycache__ -cf - stochos | tar -C "$package" -xf -
cmake --install build/fuzz --component python --prefix "$package/stochos" >/dev/null
preload=$(for name in libasan.so libubsan.so libstdc++.so; do "${CXX:-g++}" -print-file-name=$name; done | paste -sd:)
export ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=16:allocator_may_return_null=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
LD_PRELOAD=$preload PYTHONPATH="$package${PYTHONPATH:+:$PYTHONPATH}" "$python" -m fuzz "$@"
