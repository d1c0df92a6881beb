// Fitting vectors to PMI.
#include <memory>
#include <tuple>

#include "base/error.hpp"
#include "bind/support.hpp"
#include "words/flatten.hpp"
#include "words/sgd.hpp"
#include "words/sgd_device.hpp"
#include "words/spectral.hpp"

namespace stochos::bind {
namespace {

using words::PairMatrix;
using words::SgdOnDevice;
using words::SgdProblem;

std::unique_ptr<SgdProblem> make_problem(const PairMatrix& pairs, double total,
                                         const Array<float>& log_probability, std::size_t dimension,
                                         const std::tuple<double, double, double, double>& weighting,
                                         unsigned threads, const py::object& progress) {
  const words::PairData data{pairs, std::log(total), view(log_probability)};
  const auto [base, scale, power, cap] = weighting;
  const words::Weighting weights{base, scale, power, cap};
  return long_call(progress, [&](Control& control) {
    return std::make_unique<SgdProblem>(data, dimension, weights, threads, control);
  });
}

std::unique_ptr<SgdOnDevice> make_on_device(const PairMatrix& pairs, double total,
                                            const Array<float>& log_probability, std::size_t dimension,
                                            const std::tuple<double, double, double, double>& weighting,
                                            std::uint32_t reference, unsigned threads,
                                            const py::object& progress) {
  const words::PairData data{pairs, std::log(total), view(log_probability)};
  const auto [base, scale, power, cap] = weighting;
  const words::Weighting weights{base, scale, power, cap};
  return long_call(progress, [&](Control& control) {
    return std::make_unique<SgdOnDevice>(data, dimension, weights, reference, threads, control);
  });
}

// What the problem on the processor and that on the device have in common.
template <class Problem>
py::class_<Problem> bind_problem(py::module_& m, const char* name) {
  return py::class_<Problem>(m, name)
      .def(
          "set",
          [](Problem& problem, const Array<float>& matrix, const Array<float>& squares) {
            problem.set(view(matrix), view(squares));
          },
          py::arg("matrix").noconvert(), py::arg("squares").noconvert())
      .def("get",
           [](const Problem& problem) {
             Array<float> matrix({problem.words(), problem.dimension()});
             Array<float> squares(static_cast<py::ssize_t>(problem.words()));
             problem.get(mutable_view(matrix), mutable_view(squares));
             return py::make_tuple(matrix, squares);
           })
      .def(
          "run_epoch",
          [](Problem& problem, std::uint64_t seed, std::uint32_t epoch, float rate, float zero_weight,
             std::uint32_t negatives, unsigned threads, const py::object& progress) {
            const kernels::SgdLoss loss = long_call(progress, [&](Control& control) {
              return problem.run_epoch({seed, epoch, rate, zero_weight, negatives, threads}, control);
            });
            return py::make_tuple(loss.observed, loss.zeros, loss.pairs);
          },
          py::arg("seed"), py::arg("epoch"), py::arg("rate"), py::arg("zero_weight"), py::arg("negatives"),
          py::arg("threads"), py::arg("progress"))
      .def_property_readonly("records", &Problem::records);
}

}  // namespace

void bind_words_fit(py::module_& m) {
  py::class_<PairMatrix>(m, "PairMatrix")
      .def(py::init([](const Array<std::int64_t>& row_start, const Array<std::uint32_t>& column,
                       const Array<std::uint64_t>& value, double unit, unsigned threads,
                       const py::object& progress) {
             return long_call(progress, [&, start = view(row_start), columns = view(column),
                                         values = view(value)](Control& control) {
               return std::make_unique<PairMatrix>(
                   words::make_pair_matrix({start, columns, values}, unit, threads, control));
             });
           }),
           py::arg("row_start").noconvert(), py::arg("column").noconvert(), py::arg("value").noconvert(),
           py::arg("unit"), py::arg("threads"), py::arg("progress"));

  bind_problem<SgdProblem>(m, "SgdProblem")
      .def(py::init(&make_problem), py::arg("pairs"), py::arg("total"),
           py::arg("log_probability").noconvert(), py::arg("dimension"), py::arg("weighting"),
           py::arg("threads"), py::arg("progress"));
  bind_problem<SgdOnDevice>(m, "SgdOnDevice")
      .def(py::init(&make_on_device), py::arg("pairs"), py::arg("total"),
           py::arg("log_probability").noconvert(), py::arg("dimension"), py::arg("weighting"),
           py::arg("reference"), py::arg("threads"), py::arg("progress"), py::keep_alive<1, 2>());

  m.def(
      "words_spectral",
      [](const PairMatrix& pairs, double total, const Array<float>& log_probability, std::size_t dimension,
         std::size_t oversampling, std::size_t products, double shift, double power, std::uint64_t seed,
         unsigned threads, const py::object& progress) {
        const words::PairData data{pairs, std::log(total), view(log_probability)};
        const words::SpectralSettings settings{dimension, oversampling, products, shift,
                                               power,     seed,         threads};
        words::SpectralFit fit = long_call(
            progress, [&](Control& control) { return words::fit_spectral(data, settings, control); });
        return py::make_tuple(adopt(std::move(fit.vectors)), adopt(std::move(fit.eigenvalues)));
      },
      py::arg("pairs"), py::arg("total"), py::arg("log_probability").noconvert(), py::arg("dimension"),
      py::arg("oversampling"), py::arg("products"), py::arg("shift"), py::arg("power"), py::arg("seed"),
      py::arg("threads"), py::arg("progress"));

  m.def(
      "words_flatten",
      [](const Array<float>& matrix, double q, unsigned threads) {
        const std::span<const float> values = view(matrix);
        const auto dimension = static_cast<std::size_t>(matrix.shape(1));
        return adopt(long_call(py::none(), [&](Control& control) {
          return words::flatten(values, dimension, q, threads, control);
        }));
      },
      py::arg("matrix").noconvert(), py::arg("q"), py::arg("threads"));
  m.def(
      "words_random_vectors",
      [](std::size_t words, std::size_t dimension, std::uint64_t seed) {
        return adopt(words::random_vectors(words, dimension, seed));
      },
      py::arg("words"), py::arg("dimension"), py::arg("seed"));
}

}  // namespace stochos::bind
