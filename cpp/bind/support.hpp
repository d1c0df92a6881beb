// What every binding file needs: arrays that the core fills, exact dtypes, long calls without the GIL.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <chrono>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/control.hpp"
#include "bind/gil.hpp"

namespace stochos::bind {

namespace py = pybind11;

// A C-contiguous array of exactly T; use with py::arg().noconvert(). The Python face has already coerced.
template <class T>
using Array = py::array_t<T, py::array::c_style>;

template <class T>
std::span<const T> view(const Array<T>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

template <class T>
std::span<T> mutable_view(Array<T>& array) {
  return {array.mutable_data(), static_cast<std::size_t>(array.size())};  // throws when read-only
}

// Hands a vector over to NumPy without a copy.
template <class T, class Allocator>
Array<T> adopt(std::vector<T, Allocator>&& values) {
  auto owner = std::make_unique<std::vector<T, Allocator>>(std::move(values));
  T* data = owner->data();
  const auto size = static_cast<py::ssize_t>(owner->size());
  py::capsule keeper(owner.release(), [](void* p) { delete static_cast<std::vector<T, Allocator>*>(p); });
  return Array<T>({size}, {static_cast<py::ssize_t>(sizeof(T))}, data, keeper);
}

// Sets the Python error that stands for the exception being handled; for slots that pybind11 does not guard.
void set_python_error() noexcept;

// Runs work(control) without the GIL. Every 20 ms the waiting thread looks for Ctrl-C, and at most ten times
// a second it calls progress(done, total), which stops the run by returning False or raising.
template <class Work>
auto long_call(const py::object& progress, Work&& work) {
  auto last = std::chrono::steady_clock::now();
  std::pair<std::uint64_t, std::uint64_t> shown{0, 0};
  Control control([&](std::uint64_t done, std::uint64_t total) {
    const Locked gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (progress.is_none()) return true;
    const auto now = std::chrono::steady_clock::now();
    const bool end = total > 0 && done >= total && shown != std::pair{done, total};
    // Also where nothing was done since: the callback may want an end.
    if (!end && now - last < std::chrono::milliseconds(100)) return true;
    last = now;
    shown = {done, total};
    const py::object answer = progress(done, total);
    return !answer.is(py::bool_(false));
  });
  const Unlocked unlocked;
  return std::forward<Work>(work)(control);
}

}  // namespace stochos::bind
