// The chemical master equation.
#include <pybind11/stl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "bind/support.hpp"
#include "reactions/master.hpp"

namespace stochos::bind {
namespace {

template <class T>
std::vector<T> copied(const Array<T>& array) {
  const auto values = view(array);
  return {values.begin(), values.end()};
}

// c times the number of combinations of the reactants, for every reaction.
class MassAction {
 public:
  MassAction(std::vector<std::int64_t> start, std::vector<std::uint32_t> species,
             std::vector<std::uint32_t> count, std::vector<double> constant)
      : start_(std::move(start)),
        species_(std::move(species)),
        count_(std::move(count)),
        constant_(std::move(constant)) {}

  void operator()(const double* amounts, double* rates) const {
    for (std::size_t r = 0; r < constant_.size(); ++r) {
      double rate = constant_[r];
      for (auto k = static_cast<std::size_t>(start_[r]); k < static_cast<std::size_t>(start_[r + 1]); ++k) {
        const double x = amounts[species_[k]];
        for (std::uint32_t j = 0; j < count_[k]; ++j) rate *= std::max(0.0, x - j) / (j + 1);
      }
      rates[r] = rate;
    }
  }

 private:
  std::vector<std::int64_t> start_;
  std::vector<std::uint32_t> species_, count_;
  std::vector<double> constant_;
};

}  // namespace

void bind_reactions_master(py::module_& m) {
  m.def(
      "master_equation",
      [](const std::vector<std::string>& species, const std::vector<std::string>& reactions,
         const Array<std::int64_t>& initial, const Array<std::int64_t>& bound,
         const Array<std::int64_t>& reactant_start, const Array<std::uint32_t>& reactant_species,
         const Array<std::uint32_t>& reactant_count, const Array<std::int64_t>& change_start,
         const Array<std::uint32_t>& change_species, const Array<std::int64_t>& change_delta,
         const Array<double>& constant, const Array<double>& times, std::size_t max_states, double tolerance,
         unsigned threads, const py::object& progress) {
        reactions::MasterProblem problem{species,
                                         reactions,
                                         copied(initial),
                                         copied(bound),
                                         copied(change_start),
                                         copied(change_species),
                                         copied(change_delta),
                                         MassAction(copied(reactant_start), copied(reactant_species),
                                                    copied(reactant_count), copied(constant)),
                                         max_states};
        reactions::Generator generator;
        auto solution = long_call(progress, [&](Control& control) {
          parallel_run(
              1, 1, [&](std::size_t, unsigned) { generator = reactions::build_generator(problem, control); },
              control);
          return reactions::solve_master(generator, view(times), tolerance, threads, control);
        });
        py::dict result;
        result["entries"] = generator.rate.size();
        result["states"] = adopt(std::move(generator.states));
        result["probabilities"] = adopt(std::move(solution.probabilities));
        result["outside"] = adopt(std::move(solution.outside));
        result["products"] = solution.products;
        return result;
      },
      py::arg("species"), py::arg("reactions"), py::arg("initial").noconvert(), py::arg("bound").noconvert(),
      py::arg("reactant_start").noconvert(), py::arg("reactant_species").noconvert(),
      py::arg("reactant_count").noconvert(), py::arg("change_start").noconvert(),
      py::arg("change_species").noconvert(), py::arg("change_delta").noconvert(),
      py::arg("constant").noconvert(), py::arg("times").noconvert(), py::arg("max_states"),
      py::arg("tolerance"), py::arg("threads"), py::arg("progress"));
}

}  // namespace stochos::bind
