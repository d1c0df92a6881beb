// The chemical master equation.
#include "base/error.hpp"
#include "base/pool.hpp"
#include "bind/support.hpp"
#include "reactions/master.hpp"
#include "reactions/master_problem.hpp"

namespace stochos::bind {

void bind_reactions_master(py::module_& m) {
  m.def(
      "master_equation",
      [](const reactions::Network& network, const Array<std::int64_t>& bound, const Array<double>& times,
         std::size_t max_states, double tolerance, unsigned threads, const py::object& progress) {
        if (static_cast<std::size_t>(bound.size()) != network.species()) {
          throw Error(ErrorKind::value, "reactions.master_equation", "the bounds do not fit the network");
        }
        reactions::Generator generator;
        auto solution = long_call(progress, [&](Control& control) {
          const auto limits = view(bound);
          const auto problem = reactions::master_problem(network, {limits.begin(), limits.end()}, max_states);
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
      py::arg("network"), py::arg("bound").noconvert(), py::arg("times").noconvert(), py::arg("max_states"),
      py::arg("tolerance"), py::arg("threads"), py::arg("progress"));
}

}  // namespace stochos::bind
