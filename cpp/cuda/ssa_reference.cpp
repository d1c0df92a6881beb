// The reference of the ensemble: the device's body over lanes in plain memory. One network's facts stand here
// too.
#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "cuda/ssa.hpp"
#include "cuda/ssa_body.hpp"

namespace stochos::cuda {

SsaModel SsaNetwork::model() const noexcept {
  SsaModel m;
  m.species = species;
  m.slots = static_cast<std::uint32_t>(initial.size());
  m.reactions = static_cast<std::uint32_t>(laws.size());
  m.rules = static_cast<std::uint32_t>(rules.size());
  m.columns = static_cast<std::uint32_t>(record.size());
  m.points = static_cast<std::uint32_t>(times.size());
  m.laws = laws.data();
  m.terms = terms.data();
  m.change_start = change_start.data();
  m.changes = changes.data();
  m.rule = rules.data();
  m.steps = programs.steps.data();
  m.constants = programs.constants.data();
  m.times = times.data();
  m.record = record.data();
  m.initial = initial.data();
  m.start = start;
  m.max_events = max_events;
  m.key[0] = key[0];
  m.key[1] = key[1];
  return m;
}

std::uint64_t SsaNetwork::bytes_each(bool values) const noexcept {
  const std::uint64_t numbers = initial.size() + record.size() * (1 + (values ? times.size() : 0));
  return numbers * sizeof(double) + sizeof(double) + sizeof(std::uint64_t) + 2 * sizeof(std::uint32_t) + 1;
}

std::size_t ssa_lanes(const SsaNetwork& network, const SsaSize& size, std::uint64_t room, std::size_t most) {
  const std::size_t whole = size.whole;
  const std::uint64_t each = network.bytes_each(size.values) * whole + size.extra,
                      wholes = (size.n + whole - 1) / whole;
  const std::uint64_t fit = room / each;
  if (fit == 0)
    throw Error(ErrorKind::memory, "reactions.simulate",
                "a batch of " + std::to_string(whole) + " trajectories takes " + std::to_string(each) +
                    " bytes on the device, where " + std::to_string(room) +
                    " are free for it; give fewer times, name fewer species, or keep 'final'");
  const std::uint64_t wanted = std::max<std::uint64_t>(1, most / whole);
  return static_cast<std::size_t>(std::min({fit, wholes, wanted})) * whole;
}

namespace {

constexpr std::size_t kLanes = 1024;  // of a batch, so that tests see several
constexpr std::uint64_t kRoom = std::uint64_t{1} << 30;

class Reference final : public SsaBatches {
 public:
  Reference(const SsaNetwork& network, std::size_t most, bool values)
      : model_(network.model()),
        programs_(network.has_programs()),
        most_(most),
        x_(most * model_.slots),
        values_(values ? most * model_.points * model_.columns : 0) {
    ends_.status.resize(most);
    ends_.events.resize(most);
    ends_.point.resize(most);
    ends_.fault.resize(most);
    ends_.now.resize(most);
    ends_.final.resize(most * model_.columns);
  }
  std::size_t most_lanes() const noexcept override { return most_; }

  void begin(std::uint64_t first, std::size_t lanes, std::span<const double> states) override {
    lanes_ = {lanes,
              first,
              x_.data(),
              ends_.now.data(),
              ends_.events.data(),
              ends_.point.data(),
              ends_.fault.data(),
              ends_.status.data(),
              values_.empty() ? nullptr : values_.data(),
              ends_.final.data()};
    for (std::size_t lane = 0; lane < lanes; ++lane) ssa_begin(model_, lanes_, lane);
    std::copy(states.begin(), states.end(), x_.begin());
  }

  std::size_t advance(std::uint32_t steps) override {
    std::array<double, kMostRegisters> registers{};
    std::size_t running = 0;
    for (std::size_t lane = 0; lane < lanes_.lanes; ++lane) {
      const SsaState x{lanes_.x + lane, lanes_.lanes};
      const SsaStatus status = programs_ ? ssa_slice<true>(model_, lanes_, lane, x, registers.data(), steps)
                                         : ssa_slice<false>(model_, lanes_, lane, x, registers.data(), steps);
      running += status == SsaStatus::running ? 1 : 0;
    }
    return running;
  }

  void ends(SsaEnds& to) override { to = ends_; }
  void values(double* to) override {
    std::copy_n(values_.begin(), lanes_.lanes * model_.points * model_.columns, to);
  }
  void state(std::size_t lane, std::span<double> to) override {
    for (std::size_t s = 0; s < to.size(); ++s) to[s] = x_[s * lanes_.lanes + lane];
  }

  SsaGathered moments(std::size_t block, bool full) override {
    const std::size_t blocks = (lanes_.lanes + block - 1) / block, each = model_.points * model_.columns;
    SsaGathered made{std::vector<std::uint64_t>(blocks * model_.points), std::vector<double>(blocks * each),
                     std::vector<double>(blocks * each * (full ? model_.columns : 1))};
    const SsaMoments to{block, blocks, full, made.count.data(), made.mean.data(), made.spread.data()};
    for (std::size_t item = 0; item < made.spread.size(); ++item) ssa_moment(model_, lanes_, to, item);
    return made;
  }

 private:
  SsaModel model_;
  bool programs_;
  std::size_t most_;
  std::vector<double> x_, values_;
  SsaEnds ends_;
  SsaLanes lanes_;
};

}  // namespace

std::unique_ptr<SsaBatches> make_ssa_reference(const SsaNetwork& network, const SsaSize& size) {
  return std::make_unique<Reference>(network, ssa_lanes(network, size, kRoom, kLanes), size.values);
}

}  // namespace stochos::cuda
