// What the graphics card's bodies do in every build: slices, batches, zeros, and what a build without CUDA
// says.
#include <cmath>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "check.hpp"
#include "cuda/dense.hpp"
#include "cuda/device.hpp"
#include "cuda/sgd.hpp"
#include "cuda/sgd_body.hpp"
#include "cuda/ssa.hpp"
#include "expr/program.hpp"
#include "random/log.hpp"
#include "random/stream.hpp"

using namespace stochos;
using namespace stochos::cuda;

namespace {

// -> X at 3, X -> at 0.5, from 4; the state at 1, 2 and 3.
SsaNetwork immigration_death() {
  SsaNetwork made;
  SsaLaw in, out;
  in.c = 3;
  out.c = 0.5;
  out.first = 0;
  made.laws = {in, out};
  made.changes = {{1, 0}, {-1, 0}};
  made.change_start = {0, 1, 2};
  made.times = {1, 2, 3};
  made.initial = {4};
  made.record = {0};
  made.species = 1;
  made.max_events = 1000;
  const random::Key key = random::stream_key(42, random::Purpose::trajectory);
  made.key[0] = key[0];
  made.key[1] = key[1];
  return made;
}

std::vector<double> values_of(const SsaNetwork& network, std::uint32_t steps, std::size_t lanes) {
  const auto batches = make_ssa_reference(network, {lanes, true, 1, 0});
  batches->begin(7, lanes, {});
  while (batches->advance(steps) > 0) {
  }
  std::vector<double> values(lanes * network.times.size());
  batches->values(values.data());
  return values;
}

template <class Call>
std::string message_of(ErrorKind kind, Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  CHECK(false);
  return {};
}

struct OneThread {
  static constexpr std::uint32_t lane() { return 0; }
  static constexpr std::uint32_t size() { return 1; }
  static constexpr std::uint32_t ballot(bool own) { return own ? 1 : 0; }
  static constexpr std::uint32_t bits_before(std::uint32_t) { return 0; }
  static constexpr std::uint32_t bits(std::uint32_t mask) { return mask; }
};

// One thread of a warp whose others' answers are known: it asks for each in turn.
struct Lane {
  std::uint32_t own, width;
  const std::vector<bool>* fits;  // of the candidates of this turn, and those after it
  mutable std::size_t turn = 0;
  std::uint32_t lane() const { return own; }
  std::uint32_t size() const { return width; }
  std::uint32_t ballot(bool) const {
    std::uint32_t mask = 0;
    for (std::uint32_t k = 0; k < width; ++k) {
      const std::size_t candidate = turn * width + k;
      mask |= candidate < fits->size() && (*fits)[candidate] ? 1U << k : 0U;
    }
    ++turn;
    return mask;
  }
  std::uint32_t bits_before(std::uint32_t mask) const {
    return static_cast<std::uint32_t>(__builtin_popcount(mask & ((1U << own) - 1)));
  }
  static std::uint32_t bits(std::uint32_t mask) {
    return static_cast<std::uint32_t>(__builtin_popcount(mask));
  }
};

}  // namespace

// The stream contract, written out: block b of trajectory k gives event b.
TEST(device_body_follows_the_stream_version_1) {
  const SsaNetwork network = immigration_death();
  const std::vector<double> values = values_of(network, 1000, 5);
  for (std::uint64_t k = 0; k < 5; ++k) {
    double x = 4, now = 0;
    std::size_t point = 0;
    for (std::uint64_t b = 0; point < 3; ++b) {
      const random::Block block = random::draw({network.key[0], network.key[1]}, 7 + k, b);
      const double total = 3 + 0.5 * x;
      now += -random::log(random::uniform_open(block[0], block[1])) / total;
      while (point < 3 && network.times[point] < now) CHECK(values[k * 3 + point++] == x);
      x += random::uniform_open(block[2], block[3]) * total < 3 ? 1 : -1;
    }
  }
}

TEST(slices_of_any_length_give_the_same_trajectories) {
  const SsaNetwork network = immigration_death();
  const std::vector<double> whole = values_of(network, 1000, 40);
  for (const std::uint32_t steps : {1U, 2U, 7U}) CHECK(values_of(network, steps, 40) == whole);
}

TEST(batches_fit_the_memory_or_say_what_they_take) {
  const SsaNetwork network = immigration_death();
  const std::uint64_t each = network.bytes_each(true);
  CHECK(each == 8 * (1 + 1 + 3) + 8 + 8 + 8 + 1);
  CHECK(ssa_lanes(network, {1000, true, 1, 0}, 100 * each, 64) == 64);
  CHECK(ssa_lanes(network, {1000, true, 1, 0}, 10 * each, 64) == 10);
  CHECK(ssa_lanes(network, {5, true, 1, 0}, 100 * each, 64) == 5);
  CHECK(ssa_lanes(network, {1000, true, 16, 0}, 40 * each, 1024) == 32);
  const std::string text =
      message_of(ErrorKind::memory, [&] { ssa_lanes(network, {1000, true, 16, 100}, 16 * each, 64); });
  CHECK(text.find(std::to_string(16 * each + 100) + " bytes") != std::string::npos);
}

// The threads of a warp draw the candidates of a record together; one thread alone finds the same zeros.
TEST(a_warp_finds_the_zeros_that_one_thread_finds) {
  constexpr std::uint32_t kWords = 40;
  // Row 0 was seen with every third word.
  std::vector<std::int64_t> row_start{0};
  std::vector<std::uint32_t> column;
  for (std::uint32_t j = 0; j < kWords; j += 3) column.push_back(j);
  for (std::uint32_t i = 0; i < kWords; ++i) row_start.push_back(static_cast<std::int64_t>(column.size()));
  SgdData data;
  data.row_start = row_start.data();
  data.column = column.data();
  data.stripes = 1;
  SgdSegment segment;
  segment.column_words = kWords;
  for (const std::uint32_t negatives : {1U, 5U, 31U}) {
    for (std::uint64_t record = 0; record < 20; ++record) {
      SgdSettings settings;
      settings.negatives = negatives;
      settings.key[0] = 9;
      settings.epoch = 3;
      std::vector<std::uint32_t> alone(negatives), together(negatives);
      const std::uint32_t count = sgd_zeros(data, settings, segment, record, OneThread{}, alone.data());
      for (std::uint32_t k = 0; k < count; ++k) CHECK(alone[k] % 3 != 0);
      // What each candidate is, from the streams' description alone.
      const random::Block block = random::draw({9, 0}, record, 3);
      std::uint64_t state = std::uint64_t{block[1]} << 32 | block[0];
      std::vector<bool> fits;
      for (std::uint32_t t = 0; t < 6 * negatives; ++t) {
        fits.push_back(((state >> 32) * kWords >> 32) % 3 != 0);
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      }
      for (std::uint32_t own = 0; own < 32; ++own) {
        const Lane lane{own, 32, &fits};
        CHECK(sgd_zeros(data, settings, segment, record, lane, together.data()) == count);
      }
      together.resize(count);
      alone.resize(count);
      CHECK(together == alone);
    }
  }
}

TEST(programs_of_the_device_are_those_of_the_processor) {
  const char* const texts[] = {
      "a", "2", "a+b*3", "a/(1+b)", "piecewise(a, b > 1, -a)", "min(a, b)-max(a, 2)"};
  for (const char* const text : texts) {
    expr::Symbols symbols;
    symbols.slots = {{"a", 0}, {"k", 1}, {"b", 2}};
    const expr::Program program = expr::compile(expr::parse(text, "test"), symbols, "test");
    CHECK(Programs::obstacle(program).empty());
    Programs programs;
    programs.constants = {7};  // of another program before it
    // Slot 2 is the second column of the device; slot 1 a constant there.
    const Code code = programs.add(program, [](std::uint32_t slot) -> Place {
      if (slot == 1) return {{}, 5};
      return {slot / 2, 0};
    });
    const std::vector<double> a{0.5, -1, 3}, b{4};
    const Column columns[] = {{a.data(), 1}, {b.data(), 0}};
    std::vector<double> out(3), registers(program.register_count() + 1);
    evaluate_reference(programs, code, columns, out);
    for (std::size_t i = 0; i < 3; ++i) {
      const double slots[] = {a[i], 5, 4};
      CHECK(out[i] == program.run(slots, registers.data()));
    }
  }
}

TEST(a_build_without_cuda_tells_how_to_build_with_it) {
  if (is_built()) return;
  CHECK(devices().empty() && product_library().empty());
  const std::string text = message_of(ErrorKind::missing, [] { require("words.fit"); });
  CHECK(text.starts_with("[words.fit] ") && text.find("STOCHOS_CUDA=ON") != std::string::npos);
  message_of(ErrorKind::missing, [] { make_ssa({}, {}); });
  message_of(ErrorKind::missing, [] { make_sgd({}); });
  float one = 1;
  message_of(ErrorKind::missing, [&] { matmul({1, 1, 1}, &one, &one, &one, [] {}); });
}
