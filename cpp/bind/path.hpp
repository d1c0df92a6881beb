// Paths from Python.
#pragma once
#include <string>

#include "bind/support.hpp"

namespace stochos::bind {

// The bytes of a path: Python's str holds those that are no UTF-8 as lone surrogates.
inline std::string path_bytes(const py::str& path) {
  const auto bytes = py::reinterpret_steal<py::bytes>(PyUnicode_EncodeFSDefault(path.ptr()));
  if (!bytes) throw py::error_already_set();
  return bytes;
}

}  // namespace stochos::bind
