// Plain data of an ensemble of the direct method, one trajectory a thread.
#pragma once
#include <cstddef>
#include <cstdint>

#include "cuda/program_body.hpp"

namespace stochos::cuda {

inline constexpr std::uint32_t kNoSlot = 0xFFFFFFFF;

enum class SsaKind : std::uint32_t {
  quick,    // (c x[first]) (x[second] - less), where kNoSlot stands for 1
  product,  // c times the combinations of its terms
  program   // its code, where its terms are there
};

struct SsaLaw {
  double c = 0, less = 0;
  std::uint32_t first = kNoSlot, second = kNoSlot;
  SsaKind kind = SsaKind::quick;
  std::uint32_t terms_begin = 0, terms_end = 0;
  Code code;
};

struct SsaTerm {
  std::uint32_t slot = 0, count = 0;
};

struct SsaChange {
  double delta = 0;
  std::uint32_t slot = 0;
};

// A rule: a slot behind the species, computed anew after each reaction.
struct SsaRule {
  std::uint32_t slot = 0;
  Code code;
};

// The slots of a state are the species, then what rules compute.
struct SsaModel {
  std::uint32_t species = 0, slots = 0, reactions = 0, rules = 0, columns = 0, points = 0;
  const SsaLaw* laws = nullptr;
  const SsaTerm* terms = nullptr;
  const std::uint32_t* change_start = nullptr;  // reactions + 1
  const SsaChange* changes = nullptr;
  const SsaRule* rule = nullptr;
  const Step* steps = nullptr;
  const double* constants = nullptr;
  const double* times = nullptr;          // (T,)
  const std::uint32_t* record = nullptr;  // (C,): slots that are taken down
  const double* initial = nullptr;        // (slots,)
  double start = 0;
  std::uint64_t max_events = 0;
  std::uint32_t key[2] = {};
};

// 0 to 2 are reactions::Status.
enum class SsaStatus : std::uint8_t {
  done = 0,
  absorbed = 1,
  max_events = 2,
  running = 3,
  bad_total = 4,  // the sum of all propensities is no finite number
  bad_law = 5,    // a law is negative or no finite number
  bad_amount = 6  // beyond 2^53
};

// Number i of a list belongs to trajectory first + i; slot s of its state stands in x[s * lanes + i].
struct SsaLanes {
  std::size_t lanes = 0;
  std::uint64_t first = 0;
  double* x = nullptr;
  double* now = nullptr;
  std::uint64_t* events = nullptr;
  std::uint32_t* point = nullptr;  // times passed
  std::uint32_t* fault = nullptr;  // the reaction of a bad law
  SsaStatus* status = nullptr;
  double* values = nullptr;  // (lanes, T, C); null: not kept
  double* final = nullptr;   // (lanes, C)
};

// Moments of blocks of trajectories that follow one another, each by Welford's recurrence in their order:
// what reactions::Moments computes, a thread for each number.
struct SsaMoments {
  std::size_t block = 1, blocks = 0;
  bool full = false;               // all products of columns i <= j, else squares alone
  std::uint64_t* count = nullptr;  // (blocks, T)
  double* mean = nullptr;          // (blocks, T, C)
  double* spread = nullptr;        // (blocks, T, C) or (blocks, T, C, C)
};

}  // namespace stochos::cuda
