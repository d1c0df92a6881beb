// Queries over vectors, and the word2vec formats.
#include <pybind11/stl.h>

#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/file.hpp"
#include "bind/path.hpp"
#include "bind/support.hpp"
#include "words/queries.hpp"
#include "words/word2vec.hpp"

namespace stochos::bind {
namespace {

using Floats = Array<float>;
using Rows = Array<std::uint32_t>;
using Mask = Array<std::uint8_t>;

words::Matrix matrix_of(const Floats& array) {
  if (array.ndim() != 2) throw Error(ErrorKind::value, "words", "the matrix has not two dimensions");
  return {array.data(), static_cast<std::size_t>(array.shape(0)), static_cast<std::size_t>(array.shape(1))};
}

void same_size(std::size_t size, std::size_t wanted, const char* what) {
  if (size != wanted) throw Error(ErrorKind::value, "words", std::string(what) + " does not fit the matrix");
}

void fits(std::span<const std::uint8_t> mask, std::size_t rows) {
  if (!mask.empty()) same_size(mask.size(), rows, "the mask");
}

void below(std::span<const std::uint32_t> indices, std::size_t limit) {
  for (const std::uint32_t i : indices) {
    if (i >= limit) throw Error(ErrorKind::value, "words", "row " + std::to_string(i) + " is not there");
  }
}

py::tuple pair_of(words::Ranked&& ranked) {
  return py::make_tuple(adopt(std::move(ranked.index)), adopt(std::move(ranked.score)));
}

void bind_queries(py::module_& m) {
  m.def(
      "words_norms",
      [](const Floats& matrix, unsigned threads) {
        const words::Matrix rows = matrix_of(matrix);
        return adopt(long_call(py::none(),
                               [&](Control& control) { return words::row_norms(rows, threads, control); }));
      },
      py::arg("matrix").noconvert(), py::arg("threads"));

  m.def(
      "words_scores",
      [](const Floats& matrix, const Floats& query, unsigned threads) {
        const words::Matrix rows = matrix_of(matrix);
        same_size(view(query).size(), rows.dim, "the query");
        return adopt(long_call(py::none(), [&](Control& control) {
          return words::row_scores(rows, view(query), threads, control);
        }));
      },
      py::arg("matrix").noconvert(), py::arg("query").noconvert(), py::arg("threads"));

  m.def(
      "words_best",
      [](const Floats& scores, const Mask& mask, std::size_t k) {
        fits(view(mask), view(scores).size());
        words::Ranked ranked;
        {
          const Unlocked unlocked;
          ranked = words::best(view(scores), view(mask), k);
        }
        return pair_of(std::move(ranked));
      },
      py::arg("scores").noconvert(), py::arg("mask").noconvert(), py::arg("k"));

  m.def(
      "words_best_rows",
      [](const Floats& matrix, const Floats& query, const Floats& scale, const Mask& mask, std::size_t k,
         unsigned threads) {
        const words::Matrix rows = matrix_of(matrix);
        same_size(view(query).size(), rows.dim, "the query");
        if (scale.size() > 0) same_size(view(scale).size(), rows.rows, "the scale");
        fits(view(mask), rows.rows);
        return pair_of(long_call(py::none(), [&](Control& control) {
          return words::best_rows(rows, view(query), view(scale), view(mask), k, threads, control);
        }));
      },
      py::arg("matrix").noconvert(), py::arg("query").noconvert(), py::arg("scale").noconvert(),
      py::arg("mask").noconvert(), py::arg("k"), py::arg("threads"));

  m.def(
      "words_correlation",
      [](const Floats& matrix, const Rows& context, unsigned threads) {
        const words::Matrix rows = matrix_of(matrix);
        below(view(context), rows.rows);
        if (context.size() == 0) throw Error(ErrorKind::value, "words", "there are no context words");
        words::Correlation made = long_call(py::none(), [&](Control& control) {
          return words::profile_correlation(rows, view(context), threads, control);
        });
        const auto d = static_cast<py::ssize_t>(rows.dim);
        return py::make_tuple(adopt(std::move(made.covariance)).reshape({d, d}),
                              adopt(std::move(made.inverse_norm)));
      },
      py::arg("matrix").noconvert(), py::arg("context").noconvert(), py::arg("threads"));

  m.def(
      "words_analogies",
      [](const Floats& matrix, const Floats& inverse_norms, const Rows& words_, const Rows& questions,
         const Mask& mask, bool multiply, double epsilon, unsigned threads, const py::object& progress) {
        const words::Matrix rows = matrix_of(matrix);
        same_size(view(inverse_norms).size(), rows.rows, "the scale");
        fits(view(mask), rows.rows);
        below(view(words_), rows.rows);
        below(view(questions), view(words_).size());
        same_size(view(questions).size() % 3, 0, "a question");
        const auto method = multiply ? words::AnalogyMethod::multiply : words::AnalogyMethod::add;
        return adopt(long_call(progress, [&](Control& control) {
          return words::answer_analogies(rows, view(inverse_norms), view(words_), view(questions), view(mask),
                                         method, epsilon, threads, control);
        }));
      },
      py::arg("matrix").noconvert(), py::arg("inverse_norms").noconvert(), py::arg("words").noconvert(),
      py::arg("questions").noconvert(), py::arg("mask").noconvert(), py::arg("multiply"), py::arg("epsilon"),
      py::arg("threads"), py::arg("progress"));
}

py::list decoded(const words::Word2vecTable& table, bool replace) {
  py::list out(table.word_ends.size());
  std::size_t begin = 0;
  for (std::size_t i = 0; i < table.word_ends.size(); ++i) {
    const auto size = static_cast<Py_ssize_t>(table.word_ends[i] - begin);
    PyObject* word = PyUnicode_DecodeUTF8(table.words.data() + begin, size, replace ? "replace" : "strict");
    if (word == nullptr) throw py::error_already_set();
    PyList_SET_ITEM(out.ptr(), static_cast<Py_ssize_t>(i), word);
    begin = table.word_ends[i];
  }
  return out;
}

void bind_formats(py::module_& m) {
  // `source` is a path (str) or the bytes themselves.
  m.def(
      "words_read_word2vec",
      [](const py::object& source, const std::string& name, const std::optional<bool>& binary,
         const std::optional<bool>& header, bool replace, const std::optional<std::size_t>& limit,
         unsigned threads, const std::string& where, const py::object& progress) {
        words::Word2vecOptions options;
        if (binary) options.kind = *binary ? words::Word2vecKind::binary : words::Word2vecKind::text;
        if (header) options.header = *header ? words::Word2vecHeader::yes : words::Word2vecHeader::no;
        if (limit) options.limit = *limit;
        options.check_utf8 = !replace;
        std::string_view bytes;
        std::string path;
        const bool in_memory = py::isinstance<py::bytes>(source);
        if (in_memory) {
          bytes = source.cast<std::string_view>();
        } else {
          path = path_bytes(source);
        }
        words::Word2vecTable table = long_call(progress, [&](Control& control) {
          if (in_memory)
            return words::read_word2vec({bytes.data(), bytes.size()}, options, name, where, threads, control);
          const MappedFile file(path, where);
          return words::read_word2vec(file.bytes(), options, name, where, threads, control);
        });
        const py::list vocabulary = decoded(table, replace);
        const auto rows = static_cast<py::ssize_t>(table.rows), dim = static_cast<py::ssize_t>(table.dim);
        return py::make_tuple(adopt(std::move(table.matrix)).reshape({rows, dim}), vocabulary, table.binary,
                              table.first_line);
      },
      py::arg("source"), py::arg("name"), py::arg("binary"), py::arg("header"), py::arg("replace"),
      py::arg("limit"), py::arg("threads"), py::arg("where"), py::arg("progress"));

  m.def(
      "words_write_word2vec",
      [](const py::str& name, const Floats& matrix, const std::vector<std::string>& vocabulary, bool binary,
         bool header, const std::string& where, const py::object& progress) {
        const words::Matrix rows = matrix_of(matrix);
        same_size(vocabulary.size(), rows.rows, "the vocabulary");
        const std::string path = path_bytes(name);
        std::string text;
        std::vector<std::uint64_t> ends;
        for (const std::string& word : vocabulary) ends.push_back((text += word).size());
        long_call(progress, [&](Control& control) {
          words::write_word2vec(path, view(matrix), rows.dim, text, ends, binary, header, where, control);
        });
      },
      py::arg("path"), py::arg("matrix").noconvert(), py::arg("vocabulary"), py::arg("binary"),
      py::arg("header"), py::arg("where"), py::arg("progress"));
}

}  // namespace

void bind_words_vectors(py::module_& m) {
  bind_queries(m);
  bind_formats(m);
}

}  // namespace stochos::bind
