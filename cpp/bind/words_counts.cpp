// Co-occurrence counts and PMI.
#include <string>

#include "base/error.hpp"
#include "bind/support.hpp"
#include "words/pairs.hpp"

namespace stochos::bind {
namespace {

py::tuple to_python(words::UpperTriangle&& counts) {
  return py::make_tuple(adopt(std::move(counts.row_start)), adopt(std::move(counts.column)),
                        adopt(std::move(counts.value)));
}

py::tuple count_pairs(const Array<std::uint32_t>& ids, std::size_t vocabulary_size,
                      const Array<std::uint64_t>& weights, bool diagonal, unsigned threads,
                      const py::object& progress) {
  if (vocabulary_size > std::size_t{1} << 31) {
    throw Error(ErrorKind::value, "words.count",
                "vocabulary_size is " + std::to_string(vocabulary_size) + "; at most 2^31");
  }
  const auto stream = view(ids);
  auto counts = long_call(progress, [&](Control& control) {
    std::vector<std::uint64_t> frequencies(vocabulary_size);
    for (const std::uint32_t id : stream) {
      if (id < vocabulary_size) ++frequencies[id];
    }
    return words::count_pairs(stream, frequencies, view(weights), diagonal, threads,
                              static_cast<std::size_t>(-1), ".", control);
  });
  return to_python(std::move(counts));
}

}  // namespace

void bind_words_counts(py::module_& m) {
  m.def("words_count_pairs", &count_pairs, py::arg("ids").noconvert(), py::arg("vocabulary_size"),
        py::arg("weights").noconvert(), py::arg("diagonal") = true, py::arg("threads") = 1,
        py::arg("progress") = py::none());
}

}  // namespace stochos::bind
