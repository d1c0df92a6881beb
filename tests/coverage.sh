#!/bin/bash
# Which lines the tests run: C++ by gcov (at least 90 %), Python by coverage.py (at least 95 %). Builds the preset `coverage`,
# runs the core's tests at each instruction set, then the quick tests of Python, each once, and fails below those shares.
# Takes folders and files of tests (all without). Needs gcovr and coverage beside the extra `test`.
#
# Left out is what says nothing under the counters, which make calls several times as long: limits of time and of memory
# (imports, benchmarks, growth, Ctrl-C and kill at random times, measured speed); and what runs no code of its own kind here:
# the pages (their examples need a build of the documentation and a browser), the wheel, the rules of style.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python}
build=build/coverage
[ $# -gt 0 ] || set -- tests/*/ tests/test_*.py
late='within_a_fifth or test_interrupt or an_interrupt_ends or ctrl_c_ends_a_long or ctrl_c_ends_threads or huge_product or at_most_80_ms or do_not_pass_it'
left_out=(--ignore=tests/fault/test_growth.py --ignore=tests/fault/test_rounds.py --ignore=tests/words/test_count_memory.py -k "not ($late)")
cmake --preset coverage -DPython_EXECUTABLE="$(command -v "$python")" -Dpybind11_DIR="$("$python" -m pybind11 --cmakedir)" >/dev/null
cmake --build --preset coverage --parallel
find "$build" -name '*.gcda' -delete
rm -rf "$build/package" "$build/python"
mkdir -p "$build/package" "$build/python"
tar -C python --exclude='*.so' --exclude=lib --exclude=__pycache__ -cf - stochos | tar -C "$build/package" -xf -
cmake --install "$build" --component python --prefix "$build/package/stochos" >/dev/null
failed=0
for level in baseline avx2 avx512; do
  code=0
  STOCHOS_CPU=$level "$build/stochos_tests" || code=$?
  [ $code -eq 0 ] || [ $code -eq 77 ] || failed=$code  # 77: not on this processor
done
STOCHOS_CALLS=100 "$build/stochos_rooms" >/dev/null || failed=$?
export COVERAGE_FILE=$PWD/$build/python/data COVERAGE_RCFILE=$PWD/tests/coverage.ini PYTHONPATH=$PWD/$build/package${PYTHONPATH:+:$PYTHONPATH}
export HYPOTHESIS_PROFILE=${HYPOTHESIS_PROFILE:-lines}
for place in "$@"; do  # each in a process of its own: what it counted is there when the next one begins
  case $place in tests/cpp/ | tests/data/ | tests/docs/ | tests/packaging/ | tests/style/ | tests/test_bench.py) continue ;; esac
  "$python" -m coverage run -m pytest -q -p no:cacheprovider "${left_out[@]}" "$place" || failed=$?
done
"$python" -m coverage combine -q "$build/python"
"$python" -m coverage report --sort=miss --fail-under=95 >"$build/python.txt" || failed=1
tail -n 40 "$build/python.txt"
# Sources of the core; what only another processor runs, and lines that can throw alone, are not branches that count here.
"$python" -m gcovr --root . --filter 'cpp/' --object-directory "$build" --exclude-throw-branches --gcov-ignore-parse-errors \
  --gcov-ignore-errors=no_working_dir_found --fail-under-line 90 --merge-lines \
  --sort uncovered-number --txt "$build/cpp.txt" --json-summary "$build/cpp.json" || failed=1
tail -n 3 "$build/cpp.txt"
exit $failed
