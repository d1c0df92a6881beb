#!/bin/bash
# Which lines the tests run: C++ by gcov (at least 90 %), Python by coverage.py (at least 95 %). Builds the preset `coverage`,
# takes the arguments of pytest (all tests without). Needs gcovr and coverage beside the extra `test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python}
build=build/coverage
cmake --preset coverage -DPython_EXECUTABLE="$(command -v "$python")" -Dpybind11_DIR="$("$python" -m pybind11 --cmakedir)" >/dev/null
cmake --build --preset coverage --parallel
find "$build" -name '*.gcda' -delete
rm -rf "$build/package" "$build/python"
mkdir -p "$build/package" "$build/python"
tar -C python --exclude='*.so' --exclude=lib --exclude=__pycache__ -cf - stochos | tar -C "$build/package" -xf -
cmake --install "$build" --component python --prefix "$build/package/stochos" >/dev/null
for level in baseline avx2 avx512; do
  STOCHOS_CPU=$level "$build/stochos_tests" || [ $? -eq 77 ]  # 77: not on this processor
done
"$build/stochos_rooms" >/dev/null
export COVERAGE_FILE=$PWD/$build/python/data COVERAGE_RCFILE=$PWD/tests/coverage.ini PYTHONPATH=$PWD/$build/package${PYTHONPATH:+:$PYTHONPATH}
failed=0
"$python" -m coverage run -m pytest -q -p no:cacheprovider "$@" || failed=$?
"$python" -m coverage combine -q "$build/python"
"$python" -m coverage report --sort=miss | tail -n 40
# Sources of the core; what only another processor runs, and lines that can throw alone, are not branches that count here.
"$python" -m gcovr --root . --filter 'cpp/' --object-directory "$build" --exclude-throw-branches --gcov-ignore-parse-errors \
  --gcov-ignore-errors=no_working_dir_found \
  --sort uncovered-number --txt "$build/cpp.txt" --json-summary "$build/cpp.json"
tail -n 3 "$build/cpp.txt"
exit $failed
