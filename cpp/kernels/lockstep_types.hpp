// What the kernel that fires reactions of many trajectories side by side works on (lockstep.inl).
#pragma once
#include <cstddef>
#include <cstdint>

namespace stochos::kernels {

enum class LockstepKind : std::uint32_t {
  constant,  // c
  single,    // c x
  pair,      // c x y
  twin,      // c x (x - 1)
  given      // computed by the caller
};

// A row is one number for each lane.
struct LockstepLaw {
  LockstepKind kind = LockstepKind::constant;
  double c = 0;
  const double* first = nullptr;  // rows of amounts
  const double* second = nullptr;
};

struct LockstepChange {
  double* row = nullptr;
  double delta = 0;
};

struct Lockstep {
  std::size_t lanes = 0, reactions = 0;  // 8, 16 or 32 lanes
  const LockstepLaw* laws = nullptr;
  const std::uint32_t* change_start = nullptr;  // reactions + 1
  const LockstepChange* changes = nullptr;
  double* sums = nullptr;  // a row for each reaction: what is given, then propensities summed up to it
  double *now = nullptr, *next = nullptr, *limit = nullptr, *target = nullptr, *total = nullptr;  // rows
  std::uint64_t *record = nullptr, *index = nullptr;  // rows: trajectory, and its next block
  std::uint64_t *live = nullptr, *fire = nullptr;     // rows of masks, all ones or none
  std::uint32_t key[2] = {};
  // Out: steps that all lanes have made in this call, and a bit for each lane that needs the caller.
  std::size_t made = 0;
  std::uint32_t asks = 0;
};

}  // namespace stochos::kernels
