// Co-occurrence counts and PMI.
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "bind/support.hpp"
#include "words/merge.hpp"
#include "words/pairs.hpp"
#include "words/pmi.hpp"
#include "words/symmetric.hpp"

namespace stochos::bind {
namespace {

using words::UpperView;
using Rows = Array<std::int64_t>;
using Columns = Array<std::uint32_t>;
using Values = Array<std::uint64_t>;

py::tuple to_python(words::UpperTriangle&& counts) {
  return py::make_tuple(adopt(std::move(counts.row_start)), adopt(std::move(counts.column)),
                        adopt(std::move(counts.value)));
}

template <class T>
py::tuple to_python(words::FullRows<T>&& full) {
  return py::make_tuple(adopt(std::move(full.row_start)), adopt(std::move(full.column)),
                        adopt(std::move(full.value)));
}

UpperView upper_of(const Rows& row_start, const Columns& column, const Values& value) {
  if (row_start.size() == 0)
    throw Error(ErrorKind::value, "words.Counts", "row_start is empty; it has one more entry than words");
  return {view(row_start), view(column), view(value)};
}

// One task on a worker, so that the waiting thread sees Ctrl-C; the task polls control.stopped().
template <class Work>
auto in_one_task(Control& control, const Work& work) {
  std::optional<decltype(work())> result;
  parallel_run(1, 1, [&](std::size_t, unsigned) { result.emplace(work()); }, control);
  return std::move(*result);
}

py::tuple count_pairs(const Columns& ids, std::size_t vocabulary_size, const Values& weights, bool diagonal,
                      unsigned threads, const py::object& progress) {
  if (vocabulary_size > std::size_t{1} << 31) {
    throw Error(ErrorKind::value, "words.count",
                "vocabulary_size is " + std::to_string(vocabulary_size) + "; at most 2^31");
  }
  const auto stream = view(ids);
  return to_python(long_call(progress, [&](Control& control) {
    const auto frequencies = in_one_task(control, [&] {
      std::vector<std::uint64_t> count(vocabulary_size);
      for (std::size_t p = 0; p < stream.size(); ++p) {
        if (p % (1U << 20) == 0 && control.stopped()) break;
        if (stream[p] < vocabulary_size) ++count[stream[p]];
      }
      return count;
    });
    return words::count_pairs(stream, frequencies, view(weights), diagonal, threads,
                              static_cast<std::size_t>(-1), ".", control);
  }));
}

void check_upper(const Rows& row_start, const Columns& column, const Values& value, bool values,
                 const std::string& where) {
  const UpperView upper = upper_of(row_start, column, value);
  long_call(py::none(), [&](Control& control) {
    return in_one_task(control, [&] { return words::check_upper(upper, values, where, control), true; });
  });
}

py::tuple marginals(const Rows& row_start, const Columns& column, const Values& value) {
  const UpperView upper = upper_of(row_start, column, value);
  auto found = long_call(py::none(), [&](Control& control) {
    return in_one_task(control, [&] { return words::marginals(upper, control); });
  });
  const py::object total = (py::int_(found.high) << py::int_(64)) | py::int_(found.low);
  return py::make_tuple(adopt(std::move(found.sum)), total);
}

py::tuple expand(const Rows& row_start, const Columns& column, unsigned threads) {
  return to_python(long_call(py::none(), [&](Control& control) {
    return words::expand<std::int64_t>(
        view(row_start), view(column), threads, control,
        [](std::uint32_t, std::uint32_t, std::size_t k) { return static_cast<std::int64_t>(k); },
        [](std::int64_t) { return true; });
  }));
}

template <class T>
py::tuple full_counts(const Rows& row_start, const Columns& column, const Values& value, T unit,
                      unsigned threads) {
  const UpperView upper = upper_of(row_start, column, value);
  return to_python(long_call(py::none(), [&](Control& control) {
    return words::expand<T>(
        upper.row_start, upper.column, threads, control,
        [&](std::uint32_t a, std::uint32_t b, std::size_t k) {
          return static_cast<T>(upper.value[k]) * static_cast<T>(a == b ? 2 : 1) / unit;
        },
        [](T) { return true; });
  }));
}

py::tuple merge(const py::list& parts, std::size_t vocabulary_size) {
  std::vector<words::Mapped> mapped;
  std::vector<py::tuple> kept;  // the arrays live as long as their views
  for (const py::handle part : py::tuple(parts)) {
    const auto fields = py::cast<py::tuple>(part);
    const auto array = [&]<class T>(std::size_t i, T) {
      const py::object field = fields[i];
      if (!py::isinstance<Array<T>>(field))
        throw Error(ErrorKind::type, "words.Counts.__add__", "an array has another dtype or layout");
      return view(py::reinterpret_borrow<Array<T>>(field));
    };
    if (fields.size() != 4)
      throw Error(ErrorKind::value, "words.Counts.__add__", "a part is (row_start, column, value, map)");
    const UpperView upper{array(0, std::int64_t{}), array(1, std::uint32_t{}), array(2, std::uint64_t{})};
    if (upper.row_start.empty()) throw Error(ErrorKind::value, "words.Counts.__add__", "row_start is empty");
    mapped.push_back({upper, array(3, std::uint32_t{})});
    kept.push_back(fields);
  }
  return to_python(long_call(py::none(), [&](Control& control) {
    return in_one_task(control, [&] { return words::merge_upper(mapped, vocabulary_size, control); });
  }));
}

words::PmiOptions pmi_options(double unit, double log_total, double shift, bool npmi) {
  words::PmiOptions options;
  options.unit = unit, options.log_total = log_total, options.shift = shift, options.npmi = npmi;
  return options;
}

}  // namespace

void bind_words_counts(py::module_& m) {
  using py::arg;
  m.def("words_count_pairs", &count_pairs, arg("ids").noconvert(), arg("vocabulary_size"),
        arg("weights").noconvert(), arg("diagonal") = true, arg("threads") = 1, arg("progress") = py::none());
  m.def("words_check_upper", &check_upper, arg("row_start").noconvert(), arg("column").noconvert(),
        arg("value").noconvert(), arg("values"), arg("where"));
  m.def("words_marginals", &marginals, arg("row_start").noconvert(), arg("column").noconvert(),
        arg("value").noconvert());
  m.def("words_expand", &expand, arg("row_start").noconvert(), arg("column").noconvert(), arg("threads") = 1);
  m.def("words_full_counts", &full_counts<double>, arg("row_start").noconvert(), arg("column").noconvert(),
        arg("value").noconvert(), arg("unit"), arg("threads") = 1);
  m.def(
      "words_full_integers",
      [](const Rows& row_start, const Columns& column, const Values& value, unsigned threads) {
        return full_counts<std::int64_t>(row_start, column, value, 1, threads);
      },
      arg("row_start").noconvert(), arg("column").noconvert(), arg("value").noconvert(), arg("threads") = 1);
  m.def("words_merge_upper", &merge, arg("parts"), arg("vocabulary_size"));
  m.def(
      "words_pmi_values",
      [](const Rows& row_start, const Columns& column, const Values& value, const Array<double>& log_row,
         const Array<double>& log_column, double unit, double log_total, double shift, bool npmi,
         unsigned threads) {
        const UpperView upper = upper_of(row_start, column, value);
        return adopt(long_call(py::none(), [&](Control& control) {
          return words::pmi_values(upper, view(log_row), view(log_column),
                                   pmi_options(unit, log_total, shift, npmi), threads, control);
        }));
      },
      arg("row_start").noconvert(), arg("column").noconvert(), arg("value").noconvert(),
      arg("log_row").noconvert(), arg("log_column").noconvert(), arg("unit"), arg("log_total"),
      arg("shift") = 0.0, arg("npmi") = false, arg("threads") = 1);
  m.def(
      "words_pmi_matrix",
      [](const Rows& row_start, const Columns& column, const Values& value, const Array<double>& log_row,
         const Array<double>& log_column, double unit, double log_total, double shift, bool npmi,
         bool positive, unsigned threads) {
        const UpperView upper = upper_of(row_start, column, value);
        return to_python(long_call(py::none(), [&](Control& control) {
          return words::pmi_matrix(upper, view(log_row), view(log_column),
                                   pmi_options(unit, log_total, shift, npmi), positive, threads, control);
        }));
      },
      arg("row_start").noconvert(), arg("column").noconvert(), arg("value").noconvert(),
      arg("log_row").noconvert(), arg("log_column").noconvert(), arg("unit"), arg("log_total"),
      arg("shift") = 0.0, arg("npmi") = false, arg("positive") = true, arg("threads") = 1);
}

}  // namespace stochos::bind
