// Reaction networks and their simulation.
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include "base/error.hpp"
#include "bind/support.hpp"
#include "reactions/ensemble.hpp"

namespace stochos::bind {
namespace {

using reactions::Keep;
using reactions::Network;
using reactions::Request;

template <class T>
std::vector<T> copy(const Array<T>& array) {
  return {array.data(), array.data() + array.size()};
}

using Assignments = std::vector<std::pair<std::string, std::string>>;
using DelayTuple =
    std::tuple<std::uint32_t, std::string, bool, std::vector<std::pair<std::uint32_t, std::int64_t>>>;
using EventTuple = std::tuple<std::string, std::string, std::string, bool, bool, bool, Assignments>;

[[noreturn]] void fail(const std::string& text) {
  throw Error(ErrorKind::value, "reactions.simulate", text);
}

Keep keep_of(const std::string& name) {
  const std::pair<const char*, Keep> all[] = {{"trajectories", Keep::trajectories},
                                              {"moments", Keep::moments},
                                              {"final", Keep::final},
                                              {"histogram", Keep::histogram},
                                              {"first_passage", Keep::first_passage},
                                              {"events", Keep::events}};
  for (const auto& [text, keep] : all)
    if (name == text) return keep;
  fail("keep is '" + name +
       "'; give 'trajectories', 'moments', 'final', 'histogram', 'first_passage' or 'events'");
}

reactions::Device device_of(const std::string& name) {
  if (name == "cpu") return reactions::Device::cpu;
  if (name == "cuda") return reactions::Device::cuda;
  if (name == "cuda-reference") return reactions::Device::cuda_reference;
  fail("device is '" + name + "'; give 'cpu' or 'cuda'");
}

void check_times(const reactions::Plan& plan) {
  if (plan.times.empty()) fail("times is empty");
  if (!std::isfinite(plan.start)) fail("start is not a finite number");
  for (std::size_t i = 0; i < plan.times.size(); ++i) {
    const double time = plan.times[i];
    if (!std::isfinite(time) || time < plan.start || (i > 0 && time <= plan.times[i - 1]))
      fail("times[" + std::to_string(i) + "] is " + std::to_string(time) +
           "; times are finite, increasing, and not before the start (" + std::to_string(plan.start) + ")");
  }
}

void take_options(const Network& network, const py::dict& options, Request& request) {
  for (std::uint32_t s = 0; s < network.species(); ++s) request.record.push_back(s);
  Array<std::int64_t> bounds(std::vector<py::ssize_t>{0, 2});
  for (const auto& [key, value] : options) {
    const auto name = py::cast<std::string>(key);
    if (value.is_none()) continue;
    if (name == "start") {
      request.plan.start = py::cast<double>(value);
    } else if (name == "max_events") {
      request.plan.max_events = py::cast<std::uint64_t>(value);
    } else if (name == "timeout") {
      request.plan.timeout = py::cast<double>(value);
    } else if (name == "epsilon") {
      request.plan.epsilon = py::cast<double>(value);
    } else if (name == "always_leap") {
      request.plan.always_leap = py::cast<bool>(value);
    } else if (name == "covariance") {
      request.covariance = py::cast<bool>(value);
    } else if (name == "unfinished") {
      request.unfinished = py::cast<bool>(value);
    } else if (name == "block") {
      request.block = py::cast<std::uint64_t>(value);
    } else if (name == "lanes") {
      request.lanes = py::cast<std::size_t>(value);
      if (*request.lanes != 0 && *request.lanes != 8 && *request.lanes != 16 && *request.lanes != 32)
        fail("lanes is " + std::to_string(*request.lanes) + "; give 0, 8, 16 or 32");
    } else if (name == "device") {
      request.device = device_of(py::cast<std::string>(value));
    } else if (name == "condition") {
      request.condition = py::cast<std::string>(value);
    } else if (name == "record") {
      request.record = copy(py::cast<Array<std::uint32_t>>(value));
    } else if (name == "bounds") {
      bounds = py::cast<Array<std::int64_t>>(value);
    } else {
      fail("there is no option '" + name + "'");
    }
  }
  for (const std::uint32_t slot : request.record)
    if (slot >= network.time_slot())
      fail("record names slot " + std::to_string(slot) + ", which is not there");
  if (!(request.plan.timeout > 0)) fail("timeout is not above 0");
  if (!(request.plan.epsilon > 0 && request.plan.epsilon <= 0.5))
    fail("epsilon is not above 0 and at most 0.5");
  if (request.keep == Keep::histogram) {
    constexpr std::int64_t kMostBins = 100'000'000;
    if (bounds.ndim() != 2 || bounds.shape(0) != static_cast<py::ssize_t>(request.record.size()) ||
        bounds.shape(1) != 2)
      fail("a histogram needs bounds, (low, high) for each recorded species");
    for (py::ssize_t i = 0; i < bounds.shape(0); ++i) {
      const std::int64_t low = bounds.at(i, 0), high = bounds.at(i, 1);
      if (low < -kMostBins || high > kMostBins || low > high)
        fail("bounds of '" + network.slot_name(request.record[static_cast<std::size_t>(i)]) + "' are " +
             std::to_string(low) + ", " + std::to_string(high) + "; give low <= high within 1e8");
      request.low.push_back(low);
      request.high.push_back(high);
    }
  }
  if (request.keep == Keep::first_passage && request.condition.empty())
    fail("a first passage needs a condition, an expression such as 'X >= 10'");
  if (request.keep == Keep::events && request.n != 1) fail("keep='events' is for one trajectory, n=1");
}

template <class T, class A>
py::array shaped(std::vector<T, A>&& values, std::vector<py::ssize_t> shape) {
  return adopt(std::move(values)).reshape(std::move(shape));
}

void put_moments(py::dict& answer, reactions::MomentsAnswer&& moments, py::ssize_t points,
                 py::ssize_t columns) {
  const bool full = !moments.covariance.empty();
  answer["reached"] = adopt(std::move(moments.reached));
  answer["mean"] = shaped(std::move(moments.mean), {points, columns});
  answer["variance"] = shaped(std::move(moments.variance), {points, columns});
  if (full) answer["covariance"] = shaped(std::move(moments.covariance), {points, columns, columns});
}

// The moments of K shards, each but the last of 2^k blocks, as one run gives them.
py::dict merge_moments(const Array<std::uint64_t>& reached, const Array<double>& mean,
                       const Array<double>& spread) {
  const bool full = spread.ndim() == 4;
  if (reached.ndim() != 2 || mean.ndim() != 3 || (spread.ndim() != 3 && !full) || reached.shape(0) < 1)
    fail("the moments to merge have the wrong shape");
  const auto shards = static_cast<std::size_t>(mean.shape(0)),
             points = static_cast<std::size_t>(mean.shape(1)),
             columns = static_cast<std::size_t>(mean.shape(2));
  reactions::Moments one(points, columns, full);
  if (static_cast<std::size_t>(reached.size()) != shards * points ||
      static_cast<std::size_t>(spread.size()) != shards * one.spread.size())
    fail("the moments to merge have the wrong shape");
  reactions::MomentsTree tree(one);
  for (std::size_t k = 0; k < shards; ++k) {
    std::copy_n(reached.data() + k * points, points, one.count.data());
    std::copy_n(mean.data() + k * one.mean.size(), one.mean.size(), one.mean.data());
    std::copy_n(spread.data() + k * one.spread.size(), one.spread.size(), one.spread.data());
    tree.add(one);
  }
  py::dict answer;
  put_moments(answer, reactions::finish(tree.total()), mean.shape(1), mean.shape(2));
  return answer;
}

py::dict as_dict(reactions::Outcome&& o, const Request& request) {
  const auto n = static_cast<py::ssize_t>(request.n),
             points = static_cast<py::ssize_t>(request.plan.times.size()),
             columns = static_cast<py::ssize_t>(request.record.size());
  py::dict answer;
  answer["method"] = o.method;
  answer["events"] = o.events;
  answer["status_counts"] = adopt(std::vector<std::uint64_t>(o.status_counts.begin(), o.status_counts.end()));
  if (!o.status.empty()) {
    answer["events_per_trajectory"] = adopt(std::move(o.events_each));
    answer["status"] = adopt(std::move(o.status));
    answer["final"] = shaped(std::move(o.final), {n, columns});
  }
  switch (request.keep) {
    case Keep::moments:
      if (request.unfinished) {
        answer["reached"] = adopt(std::move(o.moments.reached));
        answer["mean"] = shaped(std::move(o.moments.mean), {points, columns});
        answer["spread"] = request.covariance ? shaped(std::move(o.spread), {points, columns, columns})
                                              : shaped(std::move(o.spread), {points, columns});
      } else {
        put_moments(answer, std::move(o.moments), points, columns);
      }
      break;
    case Keep::histogram: {
      py::list all;
      for (auto& counts : o.histogram) {
        const auto bins = static_cast<py::ssize_t>(counts.size()) / points;
        all.append(shaped(std::move(counts), {points, bins}));
      }
      answer["histogram"] = all;
      break;
    }
    case Keep::first_passage:
      answer["passage"] = adopt(std::move(o.passage));
      break;
    case Keep::events:
      answer["event_time"] = adopt(std::move(o.event_time));
      answer["event_reaction"] = adopt(std::move(o.event_reaction));
      [[fallthrough]];
    case Keep::trajectories:
      answer["values"] = shaped(std::move(o.values), {n, points, columns});
      break;
    case Keep::final:
      break;
  }
  return answer;
}

}  // namespace

void bind_reactions_simulate(py::module_& m) {
  py::class_<Network>(m, "ReactionNetwork")
      .def(
          py::init([](std::vector<std::string> species, const Array<double>& initial,
                      std::vector<std::string> parameters, const Array<double>& values,
                      const Array<std::int64_t>& reactant_start, const Array<std::uint32_t>& reactant_species,
                      const Array<std::uint32_t>& reactant_count, const Array<std::int64_t>& change_start,
                      const Array<std::uint32_t>& change_species, const Array<std::int64_t>& change_delta,
                      const Array<double>& constant, std::vector<std::string> law,
                      const Array<std::uint8_t>& gated, Assignments assignments,
                      std::vector<EventTuple> events, std::vector<std::string> reaction_names,
                      Assignments rates, std::vector<DelayTuple> delays, Assignments first) {
            reactions::NetworkText text;
            text.species = std::move(species);
            text.initial = copy(initial);
            text.parameters = std::move(parameters);
            text.values = copy(values);
            text.reactant_start = copy(reactant_start);
            text.reactant_species = copy(reactant_species);
            text.reactant_count = copy(reactant_count);
            text.change_start = copy(change_start);
            text.change_species = copy(change_species);
            text.change_delta = copy(change_delta);
            text.constant = copy(constant);
            text.law = std::move(law);
            text.gated = copy(gated);
            text.assignments = std::move(assignments);
            for (auto& [trigger, delay, priority, initial_value, persistent, at_trigger, targets] : events)
              text.events.push_back({std::move(trigger), std::move(delay), std::move(priority), initial_value,
                                     persistent, at_trigger, std::move(targets)});
            text.reaction_names = std::move(reaction_names);
            text.rates = std::move(rates);
            for (auto& [reaction, time, at_end, changes] : delays)
              text.delays.push_back({reaction, std::move(time), at_end, std::move(changes)});
            text.first = std::move(first);
            const Unlocked unlocked;
            return std::make_unique<Network>(std::move(text));
          }),
          py::arg("species"), py::arg("initial").noconvert(), py::arg("parameters"),
          py::arg("values").noconvert(), py::arg("reactant_start").noconvert(),
          py::arg("reactant_species").noconvert(), py::arg("reactant_count").noconvert(),
          py::arg("change_start").noconvert(), py::arg("change_species").noconvert(),
          py::arg("change_delta").noconvert(), py::arg("constant").noconvert(), py::arg("law"),
          py::arg("gated").noconvert(), py::arg("assignments"), py::arg("events"), py::arg("reaction_names"),
          py::arg("rates") = Assignments(), py::arg("delays") = std::vector<DelayTuple>(),
          py::arg("first") = Assignments())
      .def_property_readonly("species", [](const Network& network) { return network.species(); })
      .def_property_readonly("reactions", [](const Network& network) { return network.reactions(); })
      .def("is_mass_action", [](const Network& network) {
        std::vector<std::uint8_t> is(network.reactions());
        for (std::uint32_t r = 0; r < is.size(); ++r)
          is[r] = network.is_mass_action(r) && !network.is_timed(r) ? 1 : 0;
        return adopt(std::move(is));
      });

  m.def(
      "simulate",
      [](const Network& network, const Array<double>& times, std::uint64_t n, std::uint64_t first,
         const std::string& method, std::uint64_t seed, unsigned threads, const std::string& keep,
         const py::dict& options, const py::object& progress) {
        Request request;
        request.plan.times = copy(times);
        request.n = n;
        request.first = first;
        request.method = method;
        request.seed = seed;
        request.threads = std::max(1U, threads);
        request.keep = keep_of(keep);
        if (n < 1 || n > (1ULL << 48)) fail("n is " + std::to_string(n) + "; give 1 or more trajectories");
        take_options(network, options, request);
        check_times(request.plan);
        return as_dict(
            long_call(progress,
                      [&](Control& control) { return reactions::simulate(network, request, control); }),
            request);
      },
      py::arg("network"), py::arg("times").noconvert(), py::arg("n"), py::arg("first"), py::arg("method"),
      py::arg("seed"), py::arg("threads"), py::arg("keep"), py::arg("options"), py::arg("progress"));

  m.def("merge_moments", &merge_moments, py::arg("reached").noconvert(), py::arg("mean").noconvert(),
        py::arg("spread").noconvert());
  m.def("moments_block", &reactions::moments_block, py::arg("n"));
}

}  // namespace stochos::bind
