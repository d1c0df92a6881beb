// Reading text: corpus, vocabulary.
#include <pybind11/stl.h>

#include <string>

#include "base/error.hpp"
#include "bind/exclusive.hpp"
#include "bind/support.hpp"
#include "words/corpus.hpp"
#include "words/pairs.hpp"

namespace stochos::bind {
namespace {

using words::Corpus;
static_assert(words::kLineEndId == words::kLineEnd && words::kHoleId == words::kHole);

std::unique_ptr<Exclusive<Corpus>> make(const std::string& tokenizer, bool replace, std::size_t memory_limit,
                                        const std::string& folder) {
  if (tokenizer != "whitespace" && tokenizer != "characters") {
    throw Error(ErrorKind::value, "words.count",
                "tokenizer is '" + tokenizer + "'; give 'whitespace' or 'characters'");
  }
  const auto kind = tokenizer == "characters" ? words::Tokenizer::characters : words::Tokenizer::whitespace;
  return std::make_unique<Exclusive<Corpus>>(kind, replace, memory_limit, folder);
}

void add_bytes(Corpus& corpus, const py::buffer& data) {
  const py::buffer_info info = data.request();
  if (info.ndim != 1 || info.itemsize != 1 || info.strides[0] != 1) {
    throw Error(ErrorKind::type, "words.count", "a block is not a contiguous buffer of bytes");
  }
  const Unlocked unlocked;
  corpus.add_bytes({static_cast<const char*>(info.ptr), static_cast<std::size_t>(info.size)});
}

// Adds all tokens or none: the place of the first that is not a str of at least one character, or that holds
// a lone surrogate, is returned; -1 when all were added.
py::ssize_t add_tokens(Corpus& corpus, const py::list& given) {
  const py::tuple tokens(given);  // another thread may change the list meanwhile
  const py::ssize_t n = PyTuple_GET_SIZE(tokens.ptr());
  std::vector<std::string_view> views(static_cast<std::size_t>(n));
  for (py::ssize_t i = 0; i < n; ++i) {
    PyObject* item = PyTuple_GET_ITEM(tokens.ptr(), i);
    if (PyUnicode_Check(item) == 0) return i;
    py::ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(item, &size);
    if (text == nullptr) {
      if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) throw py::error_already_set();
      PyErr_Clear();
      return i;
    }
    if (size == 0) return i;
    views[static_cast<std::size_t>(i)] = {text, static_cast<std::size_t>(size)};
  }
  corpus.add_tokens(views);
  return -1;
}

void finish(Corpus& corpus, std::uint64_t min_count, const std::optional<std::uint64_t>& max_vocabulary,
            const std::vector<std::string>& stop_words,
            const std::optional<std::vector<std::string>>& vocabulary, bool keep_positions,
            const std::optional<double>& subsample, std::uint64_t seed,
            const std::optional<Array<std::int64_t>>& frequencies, std::uint64_t first_token,
            const py::object& progress) {
  words::Selection selection;
  selection.min_count = min_count;
  selection.max_vocabulary = max_vocabulary;
  selection.stop_words = stop_words;
  selection.vocabulary = vocabulary;
  selection.keep_positions = keep_positions;
  selection.subsample = subsample;
  selection.seed = seed;
  if (frequencies) {
    const auto whole = view(*frequencies);
    if (!vocabulary || whole.size() != vocabulary->size()) {
      throw Error(ErrorKind::value, "words.count",
                  "frequencies are not those of the vocabulary, one for each word");
    }
    selection.frequencies.emplace(whole.begin(), whole.end());
  }
  selection.first_token = first_token;
  long_call(progress, [&](Control& control) { corpus.finish(selection, control); });
}

py::tuple count_pairs(const Corpus& corpus, const Array<std::uint64_t>& weights, bool diagonal,
                      unsigned threads, const py::object& progress) {
  const auto weight = view(weights);
  words::UpperTriangle counts = long_call(progress, [&](Control& control) {
    return words::count_pairs(corpus.ids(), corpus.frequencies_in_ids(), weight, diagonal, threads,
                              corpus.memory_left(), corpus.folder(), control);
  });
  return py::make_tuple(adopt(std::move(counts.row_start)), adopt(std::move(counts.column)),
                        adopt(std::move(counts.value)));
}

void add_file(Corpus& corpus, const py::bytes& path, const std::string& name, std::uint64_t total,
              unsigned threads, std::uint64_t part, const py::object& progress) {
  const std::string native(path);
  long_call(progress,
            [&](Control& control) { corpus.add_file(native, name, total, threads, part, control); });
}

py::list words_of(const Corpus& corpus) {
  py::list result(corpus.words().size());
  for (std::size_t i = 0; i < corpus.words().size(); ++i) result[i] = py::str(corpus.words()[i]);
  return result;
}

Array<std::int64_t> frequencies_of(const Corpus& corpus) {
  return adopt(std::vector<std::int64_t>(corpus.frequencies().begin(), corpus.frequencies().end()));
}

Array<std::uint32_t> ids_of(const Corpus& corpus) {
  const auto ids = corpus.ids();
  return adopt(std::vector<std::uint32_t>(ids.begin(), ids.end()));
}

}  // namespace

void bind_words_corpus(py::module_& m) {
  py::class_<Exclusive<Corpus>>(m, "Corpus")
      .def(py::init(&make), py::arg("tokenizer"), py::arg("replace"), py::arg("memory_limit"),
           py::arg("folder"))
      .def("start_source", exclusive(&Corpus::start_source), py::arg("name"), py::arg("skip_mark"))
      .def("add_bytes", exclusive(&add_bytes), py::arg("block"))
      .def("end_source", exclusive(&Corpus::end_source))
      .def("add_file", exclusive(&add_file), py::arg("path"), py::arg("name"), py::arg("total"),
           py::arg("threads") = 1, py::arg("part") = 0, py::arg("progress") = py::none())
      .def("add_tokens", exclusive(&add_tokens), py::arg("tokens"))
      .def("end_line", exclusive(&Corpus::end_line))
      .def("finish", exclusive(&finish), py::arg("min_count"), py::arg("max_vocabulary"),
           py::arg("stop_words"), py::arg("vocabulary"), py::arg("keep_positions"), py::arg("subsample"),
           py::arg("seed"), py::arg("frequencies").noconvert() = py::none(), py::arg("first_token") = 0,
           py::arg("progress") = py::none())
      .def("words", exclusive(&words_of))
      .def("frequencies", exclusive(&frequencies_of))
      .def("ids", exclusive(&ids_of))
      .def("count_pairs", exclusive(&count_pairs), py::arg("weights").noconvert(), py::arg("diagonal"),
           py::arg("threads"), py::arg("progress") = py::none())
      .def_property_readonly("tokens_read", exclusive(&Corpus::tokens_read))
      .def_property_readonly("types_read", exclusive(&Corpus::types_read))
      .def_property_readonly("on_disk", exclusive(&Corpus::on_disk));
}

}  // namespace stochos::bind
