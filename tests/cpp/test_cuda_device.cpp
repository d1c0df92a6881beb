// What a card computes, beside the references on the processor. Nothing is tested where there is none; the
// build for the emulated card (tests/cuda/emulator) has one, and with it the sanitizers look into the
// kernels.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "check.hpp"
#include "cuda/dense.hpp"
#include "cuda/device.hpp"
#include "cuda/sgd.hpp"
#include "cuda/ssa.hpp"
#include "expr/program.hpp"
#include "random/stream.hpp"

using namespace stochos;
using namespace stochos::cuda;

namespace {

bool is_there() {
  return !devices().empty();
}

// A ring of species, each of which becomes the next one; with a law that is a program for the first, or with
// three of it at once.
SsaNetwork ring(std::uint32_t species, bool program, bool three) {
  SsaNetwork made;
  for (std::uint32_t s = 0; s < species; ++s) {
    SsaLaw law;
    law.c = 0.5;
    law.first = s;
    made.laws.push_back(law);
    made.changes.push_back({-1, s});
    made.changes.push_back({1, (s + 1) % species});
    made.change_start.push_back(2 * s + 2);
    made.initial.push_back(5);
  }
  made.terms = {{0, three ? 3U : 1U}};
  if (program || three) {
    made.laws[0].kind = program ? SsaKind::program : SsaKind::product;
    made.laws[0].terms_end = 1;
  }
  if (three) made.changes[0].delta = -3;
  if (program) {
    expr::Symbols symbols;
    symbols.slots = {{"a", 0}, {"b", 1}};
    const expr::Program law = expr::compile(expr::parse("a/(1+b)+a*0.25", "test"), symbols, "test");
    made.laws[0].code = made.programs.add(law, [](std::uint32_t slot) -> Place { return {slot, 0}; });
  }
  made.times = {0.5, 1, 4};
  made.record = {0, species - 1};
  made.species = species;
  made.max_events = 10000;
  const random::Key key = random::stream_key(7, random::Purpose::trajectory);
  made.key[0] = key[0];
  made.key[1] = key[1];
  return made;
}

// All that a batch gives.
struct Batch {
  std::vector<double> values, final, now;
  std::vector<std::uint64_t> events;
  SsaGathered plain, full;
};

Batch batch_of(SsaBatches& batches, std::uint64_t first, std::size_t lanes, std::uint32_t steps) {
  batches.begin(first, lanes, {});
  while (batches.advance(steps) > 0) {
  }
  Batch made;
  made.values.resize(lanes * 3 * 2);
  batches.values(made.values.data());
  SsaEnds ends;
  batches.ends(ends);
  made.final = ends.final;
  made.now = ends.now;
  made.events = ends.events;
  made.final.resize(lanes * 2);  // the reference has room for a whole batch
  made.now.resize(lanes);
  made.events.resize(lanes);
  made.plain = batches.moments(16, false);
  made.full = batches.moments(16, true);
  return made;
}

template <class T>
bool same_bits(const std::vector<T>& one, const std::vector<T>& other) {
  return one.size() == other.size() && std::memcmp(one.data(), other.data(), one.size() * sizeof(T)) == 0;
}

void check_same(const Batch& one, const Batch& other) {
  CHECK(same_bits(one.values, other.values) && same_bits(one.final, other.final));
  CHECK(same_bits(one.now, other.now) && one.events == other.events);
  for (const auto part : {&Batch::plain, &Batch::full}) {
    CHECK((one.*part).count == (other.*part).count);
    CHECK(same_bits((one.*part).mean, (other.*part).mean));
    CHECK(same_bits((one.*part).spread, (other.*part).spread));
  }
}

// Small whole numbers, whose products are exact in whatever order.
template <class T>
void check_product(const ProductShape& shape) {
  std::vector<T> a(shape.rows * shape.inner), b(shape.inner * shape.columns);
  for (std::size_t k = 0; k < a.size(); ++k) a[k] = static_cast<T>(k % 13) - 6;
  for (std::size_t k = 0; k < b.size(); ++k) b[k] = static_cast<T>(k % 7) - 3;
  std::vector<T> there(shape.rows * shape.columns, T{-1}), here(there);
  matmul(shape, a.data(), b.data(), there.data(), [] {});
  matmul_reference(shape, a.data(), b.data(), here.data());
  CHECK(there == here);
}

}  // namespace

// In shared memory with 128 and 32 threads a block, and outside of it; batches that leave threads without
// work.
TEST(device_trajectories_are_those_of_the_reference) {
  if (!is_there()) return;
  for (const std::uint32_t species : {2U, 150U, 250U})
    for (const int kind : {0, 1, 2}) {
      const SsaNetwork network = ring(species, kind == 1, kind == 2);
      const SsaSize size{70, true, 16, 0};
      const auto there = make_ssa(network, size), here = make_ssa_reference(network, size);
      CHECK(there->most_lanes() >= 70);
      check_same(batch_of(*there, 0, 70, 50), batch_of(*here, 0, 70, 1000));
      check_same(batch_of(*there, 70, 33, 7), batch_of(*here, 70, 33, 1000));
    }
}

TEST(device_trajectories_start_from_states_of_their_own) {
  if (!is_there()) return;
  const SsaNetwork network = ring(2, false, false);
  std::vector<double> states;
  for (int k = 0; k < 2 * 40; ++k) states.push_back(k % 7);
  std::vector<double> values[2];
  for (const bool reference : {false, true}) {
    const SsaSize size{40, true, 1, 0};
    const auto batches = reference ? make_ssa_reference(network, size) : make_ssa(network, size);
    batches->begin(3, 40, states);
    std::vector<double> state(2);
    batches->state(5, state);
    CHECK(state[0] == 5 && state[1] == 45 % 7);
    while (batches->advance(20) > 0) {
    }
    values[reference ? 1 : 0].resize(40 * 3 * 2);
    batches->values(values[reference ? 1 : 0].data());
  }
  CHECK(same_bits(values[0], values[1]));
}

// Rows of a block at once: the loss of the reference in step, every pair once, and no number that is none.
// The dimension leaves some threads of a warp without a coordinate, and gives others two.
TEST(device_fit_reaches_the_loss_of_the_reference) {
  if (!is_there()) return;
  constexpr std::uint32_t kWords = 90;
  std::vector<std::int64_t> row_start{0};
  std::vector<std::uint32_t> column;
  std::vector<kernels::SgdRecord> records;
  std::vector<SgdSegment> segments;
  for (std::uint32_t i = 0; i < kWords; ++i) {
    SgdSegment segment;
    segment.row = segment.row_word = i;
    segment.column_words = kWords;
    segment.first_record = records.size();
    for (std::uint32_t j = 0; j < kWords; ++j) {
      if (i == j || (i + j) % 5 != 0) continue;
      column.push_back(j);
      kernels::SgdRecord record{};
      record.column = j;
      record.target = (i % 3 == j % 3) ? 1.0F : -0.5F;
      record.weight = 1;
      records.push_back(record);
      ++segment.count;
    }
    row_start.push_back(static_cast<std::int64_t>(column.size()));
    segments.push_back(segment);
  }
  const std::vector<float> bias(kWords, -4.5F);
  for (const auto& [dimension, negatives] : {std::pair{7U, 5U}, {40U, 5U}, {40U, 0U}}) {
    const SgdProblemData data{segments, records, row_start, column, bias, dimension, 1};
    SgdLoss loss[2][3];
    for (const bool reference : {false, true}) {
      const auto fit = reference ? make_sgd_reference(data, kTogether) : make_sgd(data);
      std::vector<float> vectors(std::size_t{kWords} * dimension), squares(kWords, 1.0F);
      for (std::size_t k = 0; k < vectors.size(); ++k)
        vectors[k] = std::sin(static_cast<float>(k)) / static_cast<float>(dimension);
      fit->set(vectors, squares);
      for (std::uint32_t epoch = 0; epoch < 3; ++epoch) {
        SgdSettings settings;
        settings.rate = 0.05F;
        settings.zero_weight = 0.1F;
        settings.zero_target = -8;
        settings.negatives = negatives;
        settings.key[0] = 3;
        settings.epoch = epoch;
        std::uint64_t told = 0;
        const SgdRange ranges[] = {{0, kWords / 3}, {kWords / 3, kWords}};
        fit->run(ranges, settings, [&](std::uint64_t more) { told += more; });
        CHECK(told == records.size());
        loss[reference ? 1 : 0][epoch] = fit->take_loss();
      }
      fit->get(vectors, squares);
      for (const float value : vectors) CHECK(std::isfinite(value));
      for (const float value : squares) CHECK(value >= 1 && std::isfinite(value));
    }
    for (int epoch = 0; epoch < 3; ++epoch) {
      const SgdLoss &there = loss[0][epoch], &here = loss[1][epoch];
      CHECK(there.pairs == here.pairs && (there.pairs > records.size()) == (negatives > 0));
      CHECK(std::fabs(there.observed - here.observed) < 0.03 * here.observed);
      CHECK(std::fabs(there.zeros - here.zeros) < 0.03 * here.zeros + 1e-9);
    }
    CHECK(loss[0][2].observed < loss[0][0].observed);
  }
}

TEST(device_products_are_those_of_the_reference) {
  if (!is_there()) return;
  for (const ProductShape shape : {ProductShape{1, 1, 1}, {16, 16, 16}, {17, 33, 5}, {3, 0, 2}, {0, 4, 4}})
    for (const char* const library : {"1", "0"}) {
      setenv("STOCHOS_EMULATED_CUBLAS", library, 1);  // what the emulated card goes by
      check_product<float>(shape);
      check_product<double>(shape);
    }
  unsetenv("STOCHOS_EMULATED_CUBLAS");
}

TEST(device_expressions_are_those_of_the_reference) {
  if (!is_there()) return;
  expr::Symbols symbols;
  symbols.slots = {{"x", 0}, {"k", 1}};
  const expr::Program program = expr::compile(expr::parse("k*x*x-x/(1+x*x)", "test"), symbols, "test");
  Programs programs;
  const Code code = programs.add(program, [](std::uint32_t slot) -> Place { return {slot, 0}; });
  for (const std::size_t size : {std::size_t{1}, std::size_t{256}, std::size_t{1000}}) {
    std::vector<double> x, k{3}, there(size), here(size);
    for (std::size_t i = 0; i < size; ++i) x.push_back(static_cast<double>(i) * 0.37 - 20);
    const Column columns[] = {{x.data(), 1}, {k.data(), 0}};
    evaluate(programs, code, columns, there, [] {});
    evaluate_reference(programs, code, columns, here);
    CHECK(same_bits(there, here));
  }
}
