// Errors, files, configuration and streams.
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/control.hpp"
#include "base/cpu.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/pool.hpp"
#include "bind/exclusive.hpp"
#include "bind/path.hpp"
#include "bind/support.hpp"
#include "kernels/blas.hpp"
#include "kernels/table.hpp"
#include "random/stream.hpp"

namespace stochos::bind {
namespace {

const char* class_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::value:
      return "InputError";
    case ErrorKind::type:
      return "InputTypeError";
    case ErrorKind::key:
      return "UnknownNameError";
    case ErrorKind::os:
      return "FileError";
    case ErrorKind::memory:
      return "OutOfMemoryError";
    case ErrorKind::convergence:
      return "ConvergenceError";
    case ErrorKind::format:
      return "FileFormatError";
    case ErrorKind::missing:
      return "MissingPartError";
    case ErrorKind::device:
      return "DeviceError";
  }
  return "Error";
}

void translate(std::exception_ptr pointer) {
  try {
    if (pointer) std::rethrow_exception(pointer);
  } catch (const Error& error) {
    const py::object cls = py::module_::import("stochos.errors").attr(class_of(error.kind()));
    const std::string_view said = error.what();  // with bytes of a path or of a text that may be no UTF-8
    const auto text = py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(said.data(), static_cast<Py_ssize_t>(said.size()), "backslashreplace"));
    if (!text) throw py::error_already_set();
    const py::object made = error.kind() == ErrorKind::os ? cls(error.os_code(), text) : cls(text);
    PyErr_SetObject(cls.ptr(), made.ptr());
  } catch (const Stopped& error) {
    const py::object cls = py::module_::import("stochos.errors").attr("StoppedError");
    PyErr_SetString(cls.ptr(), error.what());
  }
}

void write(AtomicFile& file, const py::buffer& data) {
  const py::buffer_info info = data.request();
  if (PyBuffer_IsContiguous(info.view(), 'C') == 0)
    throw Error(ErrorKind::value, "files.write", "the buffer is not contiguous");
  const Unlocked unlocked;
  file.write(info.ptr, static_cast<std::size_t>(info.size) * static_cast<std::size_t>(info.itemsize));
}

void commit(AtomicFile& file) {
  const Unlocked unlocked;
  file.commit();
}

void discard(AtomicFile& file) {
  file.discard();
}

}  // namespace

void set_python_error() noexcept {
  try {
    try {
      throw;
    } catch (py::error_already_set& error) {
      error.restore();
    } catch (const py::builtin_exception& error) {
      error.set_error();
    } catch (const std::bad_alloc&) {
      PyErr_NoMemory();
    } catch (const Error&) {
      translate(std::current_exception());
    } catch (const std::exception& error) {
      PyErr_SetString(PyExc_RuntimeError, error.what());
    }
  } catch (...) {
    if (PyErr_Occurred() == nullptr) PyErr_SetString(PyExc_RuntimeError, "an error could not be told");
  }
}

void bind_base(py::module_& m) {
  py::register_local_exception_translator(translate);

  m.attr("__version__") = STOCHOS_VERSION;
  m.attr("stream_version") = random::kStreamVersion;
  m.def("cpu_level", [] { return std::string(cpu_level_name(cpu_level())); });
  m.def("detected_cpu_level", [] { return std::string(cpu_level_name(detected_cpu_level())); });
  m.def("default_threads", &default_threads);
  m.def("blas_description", &blas::description);

  m.def(
      "philox",
      [](const Array<std::uint32_t>& counter, const Array<std::uint32_t>& key) {
        if (counter.size() != 4 || key.size() != 2)
          throw Error(ErrorKind::value, "random.philox", "counter has 4 words and key 2");
        const std::uint32_t* c = counter.data();
        const random::Block block = random::philox({c[0], c[1], c[2], c[3]}, {key.data()[0], key.data()[1]});
        return adopt(std::vector<std::uint32_t>(block.begin(), block.end()));
      },
      py::arg("counter").noconvert(), py::arg("key").noconvert());

  // Word i is word i % 4 of block i / 4 of a record of the stream (seed, purpose).
  m.def(
      "random_words",
      [](std::uint64_t seed, std::uint64_t purpose, std::uint64_t record, std::size_t count) {
        const random::Key key = random::stream_key(seed, static_cast<random::Purpose>(purpose));
        std::vector<std::uint32_t> words(count);
        kernels::table().random_bits({key[0], key[1], record, 0, count}, words.data());
        return adopt(std::move(words));
      },
      py::arg("seed"), py::arg("purpose"), py::arg("record"), py::arg("count"));

  py::class_<Exclusive<AtomicFile>>(m, "AtomicFile")
      .def(py::init([](const py::str& path, std::string where) {
             return std::make_unique<Exclusive<AtomicFile>>(path_bytes(path), std::move(where));
           }),
           py::arg("path"), py::arg("where"))
      .def("write", exclusive(&write), py::arg("data"))
      .def("commit", exclusive(&commit))
      .def("discard", exclusive(&discard));
}

}  // namespace stochos::bind
