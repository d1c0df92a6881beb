#include "reactions/on_device.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>
#include <string>

#include "base/error.hpp"
#include "cuda/device.hpp"
#include "cuda/ssa.hpp"
#include "reactions/methods/method.hpp"

namespace stochos::reactions {
namespace {

constexpr const char* kWhere = "reactions.simulate";
constexpr double kSlice = 0.05;  // seconds of a slice: between two of them a call can be stopped

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::value, kWhere,
              "device='cuda' simulates by the direct method, one trajectory a thread; it does not know " +
                  what + "; give device='cpu'");
}

void check(const Network& network, const Request& request) {
  if (request.method != "auto" && request.method != "direct") refuse("method '" + request.method + "'");
  if (request.keep != Keep::trajectories && request.keep != Keep::moments && request.keep != Keep::final)
    refuse("histograms, first passages and lists of events");
  if (request.plan.timeout < std::numeric_limits<double>::infinity()) refuse("timeouts");
  if (!network.events().empty()) refuse("networks with events");
  if (network.has_delays()) refuse("delayed reactions");
  if (network.moves() || network.rules_read_time())
    refuse("laws, rules or variables that move with the time");
  if (network.ungated()) refuse("laws that are taken literally, whether their reactants are there or not");
  const auto& species = network.text().species;
  for (const auto& [name, text] : network.text().first)
    if (std::find(species.begin(), species.end(), name) == species.end())
      refuse("the parameter '" + name + "' that each trajectory draws for itself");
}

// The network and the plan as the device takes them.
class Flat {
 public:
  Flat(const Network& network, const Request& request) : network_(network) {
    const auto rules = static_cast<std::uint32_t>(network.text().assignments.size());
    made_.species = static_cast<std::uint32_t>(network.species());
    made_.times = request.plan.times;
    made_.start = request.plan.start;
    made_.max_events = request.plan.max_events;
    const random::Key key = random::stream_key(request.seed, random::Purpose::trajectory);
    std::copy(key.begin(), key.end(), made_.key);
    for (std::uint32_t r = 0; r < network.reactions(); ++r) {
      made_.laws.push_back(law(r));
      for (const Change& change : network.changes(r)) made_.changes.push_back({change.delta, change.species});
      made_.change_start.push_back(static_cast<std::uint32_t>(made_.changes.size()));
    }
    for (std::uint32_t a = 0; a < rules; ++a)
      made_.rules.push_back(
          {made_.species + a,
           code(network.rule(a), "rule of '" + network.slot_name(network.rule_slot(a)) + "'")});
    for (const std::uint32_t slot : request.record) {
      const cuda::Place found = place(slot);
      if (!found.slot) refuse("the parameter '" + network.slot_name(slot) + "' among the species");
      made_.record.push_back(*found.slot);
    }
    std::vector<double> slots(network.slots()), registers(network.registers());
    network.start(request.plan.start, slots.data(), registers.data());
    made_.initial.resize(made_.species + rules);
    take(slots, made_.initial.data(), 1);
  }
  const cuda::SsaNetwork& network() const noexcept { return made_; }

  // The slots that the device knows, `stride` apart.
  void take(std::span<const double> slots, double* to, std::size_t stride) const {
    for (std::uint32_t s = 0; s < made_.species; ++s) to[s * stride] = slots[s];
    for (std::uint32_t a = 0; a < made_.rules.size(); ++a)
      to[(made_.species + a) * stride] = slots[network_.rule_slot(a)];
  }
  // The other way round, with all that the device does not know.
  void put(std::span<const double> state, double time, std::vector<double>& slots,
           std::vector<double>& registers) const {
    network_.start(time, slots.data(), registers.data());
    std::copy_n(state.begin(), made_.species, slots.begin());
    network_.assign(slots.data(), registers.data());
  }

 private:
  cuda::Place place(std::uint32_t slot) const {
    const auto parameters = static_cast<std::uint32_t>(network_.text().parameters.size());
    if (slot < made_.species) return {slot, 0};
    if (slot < made_.species + parameters) return {{}, network_.text().values[slot - made_.species]};
    if (slot < network_.time_slot()) return {slot - parameters, 0};
    return {{}, 1};
  }
  cuda::Code code(const Formula& formula, const std::string& what) {
    const std::string obstacle = cuda::Programs::obstacle(formula.program());
    if (!obstacle.empty()) refuse("the " + what + ", which " + obstacle);
    return made_.programs.add(formula.program(), [this](std::uint32_t slot) { return place(slot); });
  }
  cuda::SsaLaw law(std::uint32_t r) {
    cuda::SsaLaw law;
    const auto known = [this](std::uint32_t slot) {
      return slot == network_.one_slot() ? cuda::kNoSlot : slot;
    };
    if (network_.is_quick(r)) {
      const QuickLaw& quick = network_.quick_law(r);
      law.c = quick.c;
      law.less = quick.less;
      law.first = known(quick.first);
      law.second = known(quick.second);
      return law;
    }
    law.terms_begin = static_cast<std::uint32_t>(made_.terms.size());
    if (const Formula* const formula = network_.expression(r)) {
      law.kind = cuda::SsaKind::program;
      law.code = code(*formula, "law of reaction " + network_.reaction_name(r));
      const NetworkText& text = network_.text();
      for (auto i = static_cast<std::size_t>(text.reactant_start[r]);
           i < static_cast<std::size_t>(text.reactant_start[r + 1]); ++i)
        made_.terms.push_back({text.reactant_species[i], text.reactant_count[i]});
    } else {
      law.kind = cuda::SsaKind::product;
      law.c = network_.product_constant(r);
      const auto species = network_.product_species(r), orders = network_.product_orders(r);
      for (std::size_t i = 0; i < species.size(); ++i) made_.terms.push_back({species[i], orders[i]});
    }
    law.terms_end = static_cast<std::uint32_t>(made_.terms.size());
    return law;
  }

  const Network& network_;
  cuda::SsaNetwork made_;
};

// Throws what the processor throws for a trajectory that could not go on.
void check_ends(const Network& network, const Flat& flat, cuda::SsaBatches& batches,
                const cuda::SsaEnds& ends, std::size_t lanes) {
  const auto bad = std::find_if(ends.status.begin(), ends.status.begin() + static_cast<std::ptrdiff_t>(lanes),
                                [](cuda::SsaStatus status) { return status > cuda::SsaStatus::running; });
  const auto lane = static_cast<std::size_t>(bad - ends.status.begin());
  if (lane == lanes) return;
  std::vector<double> state(flat.network().initial.size()), slots(network.slots()),
      registers(network.registers());
  batches.state(lane, state);
  flat.put(state, ends.now[lane], slots, registers);
  if (*bad == cuda::SsaStatus::bad_law)
    (void)network.propensity(ends.fault[lane], slots.data(), registers.data());
  if (*bad == cuda::SsaStatus::bad_amount) network.check_amounts(slots.data(), ends.now[lane]);
  double total = 0;
  for (std::uint32_t r = 0; r < network.reactions(); ++r)
    total += network.propensity(r, slots.data(), registers.data());
  (void)no_reaction(total, ends.now[lane]);
}

// The first states of a batch where trajectories draw their own; else none.
std::vector<double> first_states(const Network& network, const Flat& flat, const Request& request,
                                 std::uint64_t first, std::size_t lanes) {
  if (!network.has_first()) return {};
  const random::Key key = random::stream_key(request.seed, random::Purpose::trajectory);
  std::vector<double> states(flat.network().initial.size() * lanes), slots(network.slots()),
      registers(network.registers());
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    network.start(request.plan.start, slots.data(), registers.data());
    random::Source draws(key, first + lane, random::kFirstDraw);
    network.draw_first(slots.data(), registers.data(), draws);
    flat.take(slots, states.data() + lane, lanes);
  }
  return states;
}

void run(cuda::SsaBatches& batches, std::size_t lanes, Control& control) {
  using Clock = std::chrono::steady_clock;
  std::uint32_t steps = 64;
  for (std::size_t running = lanes; running > 0;) {
    const auto began = Clock::now();
    const std::size_t still = batches.advance(steps);
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    control.advance(running - still);
    running = still;
    control.poll();
    if (seconds < kSlice / 2) {
      steps = std::min(2 * steps, std::uint32_t{1} << 24);
    } else if (seconds > kSlice) {
      steps = std::max(1U, static_cast<std::uint32_t>(steps * (kSlice / seconds)));
    }
  }
}

}  // namespace

Outcome simulate_on_device(const Network& network, const Request& request, Control& control) {
  check(network, request);
  const bool reference = request.device == Device::cuda_reference;
  if (!reference) cuda::require(kWhere);
  const Flat flat(network, request);
  const std::size_t points = request.plan.times.size(), columns = request.record.size();
  const bool gathers = request.keep == Keep::moments, keeps = request.keep == Keep::trajectories;
  Outcome outcome;
  outcome.method = "direct";
  if (keeps) outcome.values.resize(request.n * points * columns);
  if (!gathers) {
    outcome.final.resize(request.n * columns);
    outcome.status.resize(request.n);
    outcome.events_each.resize(request.n);
  }
  const std::uint64_t block = !gathers ? 1 : request.block > 0 ? request.block : moments_block(request.n);
  const Moments empty(gathers ? points : 0, columns, request.covariance);
  MomentsTree tree(empty);
  const std::uint64_t numbers = empty.count.size() + empty.mean.size() + empty.spread.size();
  const cuda::SsaSize size{request.n, request.keep != Keep::final, static_cast<std::size_t>(block),
                           numbers * 8};
  const auto batches =
      reference ? cuda::make_ssa_reference(flat.network(), size) : cuda::make_ssa(flat.network(), size);
  cuda::SsaEnds ends;
  control.start(request.n);
  for (std::uint64_t begin = 0; begin < request.n; begin += batches->most_lanes()) {
    const auto lanes =
        static_cast<std::size_t>(std::min<std::uint64_t>(batches->most_lanes(), request.n - begin));
    const std::vector<double> states = first_states(network, flat, request, request.first + begin, lanes);
    batches->begin(request.first + begin, lanes, states);
    run(*batches, lanes, control);
    batches->ends(ends);
    check_ends(network, flat, *batches, ends, lanes);
    if (keeps) batches->values(outcome.values.data() + begin * points * columns);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto status = static_cast<std::uint8_t>(ends.status[lane]);
      outcome.events += ends.events[lane];
      ++outcome.status_counts[status];
      if (gathers) continue;
      outcome.status[begin + lane] = status;
      outcome.events_each[begin + lane] = ends.events[lane];
      const std::size_t reached = ends.point[lane] * columns;
      if (keeps)
        std::fill(outcome.values.data() + (begin + lane) * points * columns + reached,
                  outcome.values.data() + (begin + lane + 1) * points * columns,
                  std::numeric_limits<double>::quiet_NaN());
    }
    if (!gathers) {
      std::copy_n(ends.final.begin(), lanes * columns, outcome.final.data() + begin * columns);
      continue;
    }
    const cuda::SsaGathered made = batches->moments(size.whole, request.covariance);
    Moments one = empty;
    for (std::size_t b = 0; b * points < made.count.size(); ++b) {
      std::copy_n(made.count.data() + b * points, points, one.count.data());
      std::copy_n(made.mean.data() + b * one.mean.size(), one.mean.size(), one.mean.data());
      std::copy_n(made.spread.data() + b * one.spread.size(), one.spread.size(), one.spread.data());
      tree.add(one);
    }
  }
  if (!gathers) return outcome;
  Moments total = tree.total();
  if (request.unfinished) {
    outcome.moments = {std::move(total.count), std::move(total.mean), {}, {}};
    outcome.spread = std::move(total.spread);
  } else {
    outcome.moments = finish(std::move(total));
  }
  return outcome;
}

}  // namespace stochos::reactions
