#include "reactions/choice.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "reactions/lockstep.hpp"
#include "reactions/methods/leap.hpp"
#include "reactions/methods/rssa.hpp"
#include "reactions/methods/sorting.hpp"

namespace stochos::reactions {
namespace {

struct Named {
  const char* name;
  MakeRunner make;
};
constexpr std::array kMethods{Named{"direct", make_direct}, Named{"sorting", make_sorting},
                              Named{"first", make_first},   Named{"next", make_next},
                              Named{"cr", make_cr},         Named{"rssa", make_rssa},
                              Named{"rssacr", make_rssacr}};
struct NamedLeap {
  const char* name;
  Leap kind;
  MakeRunner make;
};
constexpr std::array kLeaps{NamedLeap{"tau", Leap::tau, make_tau},
                            NamedLeap{"midpoint", Leap::midpoint, make_midpoint},
                            NamedLeap{"implicit", Leap::implicit, make_implicit},
                            NamedLeap{"r_leap", Leap::r_leap, make_r_leap},
                            NamedLeap{"langevin", Leap::langevin, make_langevin},
                            NamedLeap{"hybrid", Leap::hybrid, make_hybrid}};

constexpr std::size_t kSmall = 48;                         // reactions up to which direct is quickest anyway
constexpr std::uint64_t kPilotRecord = ~std::uint64_t{0};  // a trajectory that no one asks for

// The first events of a trajectory that no one asks for.
template <class Method>
class Look {
 public:
  Look(const Network& network, const Request& request)
      : request_(request),
        method_(network, random::stream_key(request.seed, random::Purpose::trajectory)),
        slots_(network.slots()),
        registers_(network.registers()),
        now_(request.plan.start) {
    network.start(now_, slots_.data(), registers_.data());
    random::Source draws(random::stream_key(request.seed, random::Purpose::trajectory), kPilotRecord,
                         random::kFirstDraw);
    network.draw_first(slots_.data(), registers_.data(), draws);
    method_.begin(slots_.data(), registers_.data(), kPilotRecord);
  }
  const Method& method() const noexcept { return method_; }
  // As many as there are, up to `most`, each given to after(reaction). Gives their number.
  template <class After>
  double go(std::uint64_t most, After&& after) {
    for (std::uint64_t events = 0; events < most; ++events) {
      now_ = method_.next(now_);
      if (!(now_ <= request_.plan.times.back())) return static_cast<double>(events);
      after(method_.fire(slots_.data(), registers_.data(), now_));
    }
    return static_cast<double>(most);
  }

 private:
  const Request& request_;
  Method method_;
  std::vector<double> slots_, registers_;
  double now_;
};

// Nanoseconds an event, as measured on networks of 16 to 58,276 reactions: a fixed part, a part for each
// propensity or bound that is computed, each candidate, and each group or block that is summed or that a
// search passes. A network wakes as it goes, which the look ahead does not see: what sorting does counts
// double.
const char* estimate(const Network& network, const Request& request) {
  if (network.reactions() <= kSmall) return "direct";
  // Large networks take longer to come to the reactions that they are busy with later.
  const auto most = std::clamp<std::uint64_t>(network.reactions(), 4000, 20000);
  Look<Rejection<Powers>> bounded(network, request);
  const RejectionWork before = bounded.method().work();
  std::uint64_t dependents = 0;
  const double count = bounded.go(most, [&](std::uint32_t r) { dependents += network.dependents(r).size(); });
  Look<Sorting> sorted(network, request);
  const std::uint64_t summed = sorted.method().summed();
  const double sorted_count = sorted.go(most, [](std::uint32_t) {});
  if (count == 0 || sorted_count == 0) return "direct";
  const double reactions = static_cast<double>(network.reactions());
  const double moved = static_cast<double>(dependents) / count;
  const double direct = 35 + 3 * moved + 0.8 * reactions;
  const double computed = static_cast<double>(sorted.method().computed()) / sorted_count;
  const double groups = static_cast<double>(sorted.method().summed() - summed) / sorted_count;
  const double sorting = 45 + 2 * (1.7 * computed + 3.5 * groups);
  const double next = 60 + 12 * moved;
  const RejectionWork& work = bounded.method().work();
  const double bounds = static_cast<double>(work.bounds - before.bounds) / count;
  const double candidates = static_cast<double>(work.candidates) / count;
  const double passed = static_cast<double>(work.places) / 256 / count;
  const double renewed = static_cast<double>(work.renewed - before.renewed) / count;
  const double rejection = 15 + 10 * bounds + 32 * candidates + 0.35 * passed + 0.0013 * reactions * renewed;
  const double composition = 45 + 10 * bounds + 45 * candidates;
  const std::array<std::pair<double, const char*>, 5> costs{{{direct, "direct"},
                                                             {sorting, "sorting"},
                                                             {next, "next"},
                                                             {rejection, "rssa"},
                                                             {composition, "rssacr"}}};
  return std::min_element(costs.begin(), costs.end(),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

class Nothing : public Recorder {
 public:
  void begin(std::uint64_t) override {}
  void point(std::size_t, const double*) override {}
  void end(const Ending&) override {}
};

// Whether leaps cost less than the events that they hold, one by one, on a trajectory that no one asks for. A
// network may come to the amounts that leaps need only after a while: where the first look says no, a second
// one goes on for as long as a quarter of a trajectory takes. How many are wanted does not count: trajectory
// k is the same in every batch.
bool leaps_pay(const Network& network, const Request& request, Leap kind) {
  constexpr double kFirstWork = 1000, kMostWork = 200000, kPart = 4;
  LeapRunner pilot(network, request.plan, random::stream_key(request.seed, random::Purpose::trajectory),
                   kind);
  const double reactions = static_cast<double>(network.reactions());
  const double unknowns = kind == Leap::implicit ? static_cast<double>(network.species()) : 0;
  // Nanoseconds, as measured.
  const double explicit_leap = 300 + 150 * reactions;
  const double leap = explicit_leap + 5 * (reactions * 60 + unknowns * unknowns * unknowns);
  const double step = 60 + 2 * reactions;
  const bool lanes = network.reactions() <= kSmall && fits_lanes(network, request.plan, 1);
  const double event = lanes ? 8 + 0.8 * reactions : std::min(40 + 1.0 * reactions, 150.0);
  Nothing nothing;
  const Control control;
  for (double work = kFirstWork;;) {
    pilot.limit_work(static_cast<std::uint64_t>(work));
    const Ending end = pilot.run(kPilotRecord, nothing, control);
    const double cost = static_cast<double>(pilot.leaps()) * (kind == Leap::implicit ? leap : explicit_leap) +
                        static_cast<double>(pilot.exact_steps()) * step;
    const double events = static_cast<double>(end.events);
    if (cost < events * event) return true;
    const double span = request.plan.times.back() - request.plan.start, gone = end.time - request.plan.start;
    if (work > kFirstWork || !(gone < span)) return false;
    const double all = events * event * (span / std::max(gone, 0x1p-52 * span));
    work = std::min(all / kPart / step, kMostWork);
    if (!(work >= 2 * kFirstWork)) return false;
  }
}

}  // namespace

Choice choose(const Network& network, const Request& request) {
  bool exact = request.method == "auto";
  for (const NamedLeap& leap : kLeaps) {
    if (request.method != leap.name) continue;
    if (request.plan.always_leap || leaps_pay(network, request, leap.kind)) return {leap.name, leap.make};
    exact = true;
  }
  const std::string wanted = exact ? estimate(network, request) : request.method;
  std::string known = "'auto'";
  for (const Named& method : kMethods) {
    if (wanted == method.name) return {wanted, method.make};
    known += std::string(", '") + method.name + "'";
  }
  for (const NamedLeap& leap : kLeaps) known += std::string(", '") + leap.name + "'";
  throw Error(ErrorKind::value, "reactions.simulate", "method '" + wanted + "' is not one of " + known);
}

}  // namespace stochos::reactions
