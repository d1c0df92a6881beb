#include "reactions/lockstep.hpp"

#include <algorithm>
#include <bit>

#include "reactions/methods/method.hpp"

namespace stochos::reactions {
namespace {

constexpr std::size_t kMostRows = std::size_t{1} << 25;  // numbers that the rows of trajectories may take
constexpr std::size_t kSteps = 1024;                     // between two looks at the control

// Of 64 bytes, so that no vector lies across two lines of the cache.
template <class T>
T* aligned(std::vector<T>& memory) {
  return reinterpret_cast<T*>((reinterpret_cast<std::uintptr_t>(memory.data()) + 63) & ~std::uintptr_t{63});
}

}  // namespace

bool fits_lanes(const Network& network, const Plan& plan, std::size_t columns) {
  return network.reactions() > 0 && network.events().empty() && !network.has_delays() && !network.moves() &&
         !network.rules_read_time() && !network.ungated() &&
         plan.timeout == std::numeric_limits<double>::infinity() &&
         (plan.times.size() + 1) * columns <= kMostRows / 64;
}

Lanes::Lanes(const Network& network, const Plan& plan, random::Key key, std::vector<std::uint32_t> record,
             const Formula* condition, std::size_t lanes)
    : network_(network),
      plan_(plan),
      key_(key),
      record_(std::move(record)),
      condition_(condition),
      table_(kernels::table()),
      start_(network.slots()),
      one_(network.slots()),
      registers_(network.registers()),
      memory_((network.slots() + network.reactions() + 5) * lanes + 8),
      words_(4 * lanes + 8),
      number_(lanes),
      point_(lanes),
      place_(lanes) {
  double* row = aligned(memory_);
  const auto take = [&](std::size_t rows) {
    double* const place = row;
    row += rows * lanes;
    return place;
  };
  slots_ = take(network.slots());
  for (const std::uint32_t s : record_) record_rows_.push_back(slots_ + s * lanes);
  state_.lanes = lanes;
  state_.reactions = network.reactions();
  state_.sums = take(network.reactions());
  state_.now = take(1);
  state_.next = take(1);
  state_.limit = take(1);
  state_.target = take(1);
  state_.total = take(1);
  state_.record = aligned(words_);
  state_.index = state_.record + lanes;
  state_.live = state_.index + lanes;
  state_.fire = state_.live + lanes;
  state_.key[0] = key[0];
  state_.key[1] = key[1];
  for (std::uint32_t r = 0; r < network.reactions(); ++r) {
    laws_.push_back(law(r));
    change_start_.push_back(static_cast<std::uint32_t>(changes_.size()));
    for (const Change& change : network.changes(r)) changes_.push_back({slot(change.species), change.delta});
    if (laws_.back().kind == kernels::LockstepKind::given) given_.push_back(r);
  }
  change_start_.push_back(static_cast<std::uint32_t>(changes_.size()));
  programs_ = !given_.empty() || network.has_assignments() || condition != nullptr;
  state_.laws = laws_.data();
  state_.change_start = change_start_.data();
  state_.changes = changes_.data();
  scratch_.resize(network.lanes_scratch(lanes));
  if (condition != nullptr) {
    scratch_.resize(std::max(scratch_.size(), lanes * (condition->registers() + 3)));
    holds_.resize(lanes);
  }
  const std::size_t row_size = (plan.times.size() + 1) * record_.size();
  rows_.resize(std::clamp(kMostRows / std::max<std::size_t>(row_size, 1), lanes, kWindow * lanes));
  values_.resize(rows_.size() * row_size);
  network.start(plan.start, start_.data(), registers_.data());
}

kernels::LockstepLaw Lanes::law(std::uint32_t r) const noexcept {
  using kernels::LockstepKind;
  if (!network_.is_quick(r)) return {LockstepKind::given, 0, nullptr, nullptr};
  const QuickLaw& law = network_.quick_law(r);
  const std::uint32_t one = network_.one_slot();
  const double *first = slot(law.first), *second = slot(law.second);
  if (law.less != 0) return {LockstepKind::twin, law.c, first, second};
  if (law.second != one) return {LockstepKind::pair, law.c, first, second};
  if (law.first != one) return {LockstepKind::single, law.c, first, nullptr};
  return {LockstepKind::constant, law.c, nullptr, nullptr};
}

void Lanes::put_state(std::size_t lane, const double* x) noexcept {
  for (std::size_t s = 0; s < network_.slots(); ++s) slot(s)[lane] = x[s];
}

double* Lanes::get_state(std::size_t lane) noexcept {
  for (std::size_t s = 0; s < network_.slots(); ++s) one_[s] = slot(s)[lane];
  one_[network_.time_slot()] = state_.now[lane];
  return one_.data();
}

// The next trajectory for a lane, or rest until there is one.
void Lanes::fill(std::size_t lane) {
  state_.live[lane] = 0;
  state_.limit[lane] = kNever;
  state_.now[lane] = plan_.start;
  state_.index[lane] = 0;
  point_[lane] = 0;
  const bool window = next_number_ < given_number_ + rows_.size();
  if (window && block_.begin == block_.end && !exhausted_) exhausted_ = !(*more_)(block_);
  if (!window || block_.begin == block_.end) {
    // A lane at rest is computed with the others and must hold a state that has laws. Where trajectories draw
    // their own, the start has none: lane 0, which is filled first, always has.
    if (!network_.has_first()) {
      put_state(lane, start_.data());
    } else {
      for (std::size_t s = 0; s < network_.slots(); ++s) slot(s)[lane] = slot(s)[0];
    }
    return;
  }
  const std::uint64_t trajectory = block_.begin++;
  if (network_.has_first()) {
    std::copy(start_.begin(), start_.end(), one_.begin());
    random::Source draws(key_, trajectory, random::kFirstDraw);
    network_.draw_first(one_.data(), registers_.data(), draws);
    put_state(lane, one_.data());
  } else {
    put_state(lane, start_.data());
  }
  number_[lane] = next_number_;
  place_[lane] = values(next_number_);
  Row& row = rows_[next_number_ % rows_.size()];
  row.ended = false;
  row.end.trajectory = trajectory;
  row.end.last_of_block = block_.begin == block_.end;
  ++next_number_;
  ++running_;
  state_.live[lane] = ~std::uint64_t{0};
  state_.limit[lane] = plan_.times[0];
  state_.record[lane] = trajectory;
}

// Ends the trajectories for which the condition holds. Others take their place: for these it is to be asked
// again.
bool Lanes::pass() {
  condition_->program().run_lanes(slots_, state_.lanes, holds_.data(), scratch_.data());
  std::uint32_t some = 0;  // found first: whoever takes a place is not meant
  for (std::size_t lane = 0; lane < state_.lanes; ++lane)
    if (state_.live[lane] != 0 && holds_[lane] != 0) some |= std::uint32_t{1} << lane;
  for (std::uint32_t left = some; left != 0; left &= left - 1)
    finish(static_cast<std::size_t>(std::countr_zero(left)), Status::done, true);
  return some != 0;
}

// Rules, the condition, and laws that are programs.
void Lanes::compute() {
  do {
    if (network_.has_assignments()) network_.assign_lanes(slots_, state_.lanes, scratch_.data());
  } while (condition_ != nullptr && pass());
  for (const std::uint32_t r : given_) {
    double* const a = state_.sums + r * state_.lanes;
    network_.slow_lanes(r, slots_, state_.lanes, a, scratch_.data());
    for (std::size_t lane = 0; lane < state_.lanes; ++lane)
      if (!(a[lane] >= 0 && a[lane] <= kMostTotal)) [[unlikely]]
        network_.slow(r, get_state(lane), registers_.data());  // throws what is to be said
  }
}

void Lanes::finish(std::size_t lane, Status status, bool passed) {
  const double* const x = get_state(lane);
  network_.check_amounts(x, state_.now[lane]);
  Row& row = rows_[number_[lane] % rows_.size()];
  double* const place = values(number_[lane]);
  double* const final = place + plan_.times.size() * record_.size();
  for (std::size_t i = 0; i < record_.size(); ++i) final[i] = x[record_[i]];
  row.end.events = state_.index[lane];
  row.end.status = status;
  row.end.passed = passed;
  row.end.time = state_.now[lane];
  row.end.points = point_[lane];
  row.end.values = place;
  row.end.final = final;
  row.ended = true;
  state_.fire[lane] = 0;
  --running_;
  bool given = false;
  for (; given_number_ < next_number_ && rows_[given_number_ % rows_.size()].ended; ++given_number_) {
    (*take_)(rows_[given_number_ % rows_.size()].end);
    given = true;
  }
  fill(lane);
  // Rows have become free for lanes that waited for one.
  for (std::size_t other = 0; given && running_ < state_.lanes && other < state_.lanes; ++other)
    if (state_.live[other] == 0) fill(other);
}

// The target is the total, after rounding: the last reaction that can fire is meant.
void Lanes::fire_last(std::size_t lane) {
  double* const x = get_state(lane);
  auto r = static_cast<std::uint32_t>(network_.reactions() - 1);
  while (r > 0 && !(network_.propensity(r, x, registers_.data()) > 0)) --r;
  for (const Change& change : network_.changes(r)) slot(change.species)[lane] += change.delta;
  state_.now[lane] = state_.next[lane];
  ++state_.index[lane];
  state_.fire[lane] = 0;
}

// What methods/loop.hpp does between next() and fire().
void Lanes::attend(std::size_t lane) {
  const std::vector<double>& times = plan_.times;
  const double total = state_.total[lane];
  double next = state_.next[lane];
  if (!(total > 0 && total <= kMostTotal)) next = no_reaction(total, state_.now[lane]);
  if (next > state_.limit[lane]) {
    std::size_t point = point_[lane];
    double* place = place_[lane];
    for (; point < times.size() && times[point] < next; ++point)
      for (const double* const row : record_rows_) *place++ = row[lane];
    point_[lane] = point;
    place_[lane] = place;
    if (point == times.size()) {
      state_.now[lane] = times.back();
      finish(lane, next == kNever ? Status::absorbed : Status::done);
      return;
    }
    state_.limit[lane] = times[point];
  }
  if (state_.index[lane] == plan_.max_events) {
    finish(lane, Status::max_events);
  } else if (!(state_.target[lane] < total)) {
    fire_last(lane);
  }
}

void Lanes::run(const std::function<bool(LaneBlock&)>& more, const std::function<void(const LaneEnd&)>& take,
                const Control& control) {
  more_ = &more;
  take_ = &take;
  next_number_ = given_number_ = running_ = 0;
  block_ = {};
  exhausted_ = false;
  const std::size_t lanes = state_.lanes;
  for (std::size_t lane = 0; lane < lanes; ++lane) fill(lane);
  std::size_t look = kSteps;
  std::uint64_t room = 0;  // steps after which a lane may have made the most events
  bool resume = false;
  while (running_ > 0) {
    if (room == 0) {
      std::uint64_t most = 0;
      for (std::size_t lane = 0; lane < lanes; ++lane)
        if (state_.live[lane] != 0)
          most = std::max(most, state_.index[lane] + (resume && state_.fire[lane] != 0));
      room = plan_.max_events - most;
    }
    if (programs_) {
      if (resume) table_.lockstep(state_, 0, false, true);
      resume = false;
      compute();
      if (running_ == 0) break;
    }
    const bool all = room == 0;
    const auto steps = static_cast<std::size_t>(std::clamp<std::uint64_t>(room, 1, programs_ ? 1 : look));
    table_.lockstep(state_, steps, all, resume);
    resume = state_.asks != 0;
    for (std::uint32_t asks = state_.asks; asks != 0; asks &= asks - 1)
      attend(static_cast<std::size_t>(std::countr_zero(asks)));
    const std::uint64_t made = state_.made + (resume ? 1 : 0);
    room -= std::min(room, made);
    look -= std::min<std::size_t>(look, made);
    if (look == 0) {
      look = kSteps;
      if (control.stopped()) return;
      for (std::size_t lane = 0; lane < lanes; ++lane)
        if (state_.live[lane] != 0) network_.check_amounts(get_state(lane), state_.now[lane]);
    }
  }
}

}  // namespace stochos::reactions
