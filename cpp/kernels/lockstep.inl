// Reactions of many trajectories side by side, by the direct method. A lane computes bit for bit what
// reactions/methods/direct.cpp computes: the same sums in the order of the reactions, the same draws.
#if defined(__AVX512F__)
using StepMask = __mmask8;
static inline StepMask step_less(F64 a, F64 b) {
  return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_LT_OQ);
}
static inline StepMask step_mask(U64 lanes) {
  return _mm512_movepi64_mask((__m512i)lanes);
}
static inline F64 step_add(F64 x, F64 delta, StepMask mask) {
  return (F64)_mm512_mask_add_pd((__m512d)x, mask, (__m512d)x, (__m512d)delta);
}
static inline F64 step_choose(StepMask mask, F64 a, F64 b) {
  return (F64)_mm512_mask_blend_pd(mask, (__m512d)b, (__m512d)a);
}
static inline StepMask step_not(StepMask a) {
  return static_cast<StepMask>(~a);
}
static inline StepMask step_and(StepMask a, StepMask b) {
  return static_cast<StepMask>(a & b);
}
static inline StepMask step_or(StepMask a, StepMask b) {
  return static_cast<StepMask>(a | b);
}
static inline std::uint32_t step_bits(StepMask mask) {
  return mask;
}
#else
using StepMask = U64;
static inline StepMask step_less(F64 a, F64 b) {
  return (U64)(a < b);
}
static inline StepMask step_mask(U64 lanes) {
  return lanes;
}
static inline F64 step_add(F64 x, F64 delta, StepMask mask) {
  return x + (F64)((U64)delta & mask);
}
static inline F64 step_choose(StepMask mask, F64 a, F64 b) {
  return (F64)(((U64)a & mask) | ((U64)b & ~mask));
}
static inline StepMask step_not(StepMask a) {
  return ~a;
}
static inline StepMask step_and(StepMask a, StepMask b) {
  return a & b;
}
static inline StepMask step_or(StepMask a, StepMask b) {
  return a | b;
}
static inline std::uint32_t step_bits(StepMask mask) {
#if defined(__AVX2__)
  return static_cast<std::uint32_t>(_mm256_movemask_pd((__m256d)mask));
#elif defined(__SSE2__)
  return static_cast<std::uint32_t>(_mm_movemask_pd((__m128d)mask));
#else
  return static_cast<std::uint32_t>((mask[0] & 1) | (mask[1] & 2));
#endif
}
#endif

#define STOCHOS_EACH(v) _Pragma("GCC unroll 16") for (std::size_t v = 0; v < V; ++v)

template <std::size_t V>
static inline void step_sums(const Lockstep& s, F64* total) {
  constexpr std::size_t w = Double::kWidth;
  F64 sum[V] = {};
  double* row = s.sums;
  for (std::size_t r = 0; r < s.reactions; ++r, row += V * w) {
    const LockstepLaw& law = s.laws[r];
    const F64 c = all_lanes<F64>(law.c);
    switch (law.kind) {
      case LockstepKind::constant:
        STOCHOS_EACH(v) sum[v] += c;
        break;
      case LockstepKind::single:
        STOCHOS_EACH(v) sum[v] += c * load_lanes<F64>(law.first + v * w);
        break;
      case LockstepKind::pair:
        STOCHOS_EACH(v)
        sum[v] += c * load_lanes<F64>(law.first + v * w) * load_lanes<F64>(law.second + v * w);
        break;
      case LockstepKind::twin:
        STOCHOS_EACH(v) {
          const F64 x = load_lanes<F64>(law.first + v * w);
          sum[v] += c * x * (x - 1.0);
        }
        break;
      case LockstepKind::given:
        STOCHOS_EACH(v) sum[v] += load_lanes<F64>(row + v * w);
        break;
    }
    STOCHOS_EACH(v) store_lanes(row + v * w, sum[v]);
  }
  STOCHOS_EACH(v) total[v] = sum[v];
}

// The block of each lane, as event_draws() makes it.
template <std::size_t V>
static inline void step_draws(const Lockstep& s, F64* waiting, F64* choice) {
  constexpr std::size_t w = Double::kWidth;
  const DrawBits m0 = (DrawBits)(DrawWords{} + 0xD2511F53ULL), m1 = (DrawBits)(DrawWords{} + 0xCD9E8D57ULL);
  DrawWords c0[V], c1[V], c2[V], c3[V];
  STOCHOS_EACH(v) {
    c0[v] = load_lanes<DrawWords>(s.index + v * w);
    c2[v] = load_lanes<DrawWords>(s.record + v * w);
    c1[v] = c0[v] >> 32;
    c3[v] = c2[v] >> 32;
  }
  std::uint32_t k0 = s.key[0], k1 = s.key[1];
  for (int round = 0; round < 10; ++round) {
    const DrawWords key0 = DrawWords{} + k0, key1 = DrawWords{} + k1;
    STOCHOS_EACH(v) {
      const DrawWords p0 = (DrawWords)draw_product((DrawBits)c0[v], m0);
      const DrawWords p1 = (DrawWords)draw_product((DrawBits)c2[v], m1);
      c0[v] = (p1 >> 32) ^ c1[v] ^ key0;
      c1[v] = p1;
      c2[v] = (p0 >> 32) ^ c3[v] ^ key1;
      c3[v] = p0;
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  STOCHOS_EACH(v) {
    waiting[v] = (F64)-draw_log(draw_uniform(c0[v], c1[v]));
    choice[v] = (F64)draw_uniform(c2[v], c3[v]);
  }
}

// The reactions whose sums are the first above the target, in the lanes of `fire`; time goes on there.
template <std::size_t V>
static inline void step_fire(const Lockstep& s, const std::uint64_t* fire) {
  constexpr std::size_t w = Double::kWidth;
  F64 target[V];
  StepMask before[V];
  STOCHOS_EACH(v) {
    const U64 lanes = load_lanes<U64>(fire + v * w);
    before[v] = step_not(step_mask(lanes));
    target[v] = load_lanes<F64>(s.target + v * w);
    store_lanes(s.index + v * w, load_lanes<U64>(s.index + v * w) - lanes);
    const F64 now = load_lanes<F64>(s.now + v * w), next = load_lanes<F64>(s.next + v * w);
    store_lanes(s.now + v * w, step_choose(step_mask(lanes), next, now));
  }
  const double* row = s.sums;
  const LockstepChange* change = s.changes;
  for (std::size_t r = 0; r < s.reactions; ++r, row += V * w) {
    StepMask fires[V];
    STOCHOS_EACH(v) {
      const StepMask reached = step_less(target[v], load_lanes<F64>(row + v * w));
      fires[v] = step_and(step_not(before[v]), reached);
      before[v] = step_or(before[v], reached);
    }
    for (const LockstepChange* const end = s.changes + s.change_start[r + 1]; change != end; ++change) {
      const F64 delta = all_lanes<F64>(change->delta);
      double* const x = change->row;
      STOCHOS_EACH(v) store_lanes(x + v * w, step_add(load_lanes<F64>(x + v * w), delta, fires[v]));
    }
  }
}

template <std::size_t V>
static void lockstep_run(Lockstep& s, std::size_t steps, bool all, bool resume) {
  constexpr std::size_t w = Double::kWidth;
  constexpr double most = 1.7976931348623157e308;
  if (resume) step_fire<V>(s, s.fire);
  for (s.made = 0, s.asks = 0; s.made < steps; ++s.made) {
    F64 total[V], waiting[V], choice[V];
    step_sums<V>(s, total);
    step_draws<V>(s, waiting, choice);
    std::uint32_t asks = 0, live = 0;
    STOCHOS_EACH(v) {
      const F64 next = load_lanes<F64>(s.now + v * w) + waiting[v] / total[v], target = choice[v] * total[v];
      store_lanes(s.next + v * w, next);
      store_lanes(s.target + v * w, target);
      store_lanes(s.total + v * w, total[v]);
      // A total that is no number is not above its target.
      const StepMask late = step_less(load_lanes<F64>(s.limit + v * w), next);
      const StepMask chosen = step_less(target, total[v]);
      const StepMask large = step_less(all_lanes<F64>(most), total[v]);
      asks |= step_bits(step_or(step_or(late, large), step_not(chosen))) << (v * w);
      live |= step_bits(step_mask(load_lanes<U64>(s.live + v * w))) << (v * w);
    }
    s.asks = all ? live : asks & live;
    if (s.asks != 0) {
      STOCHOS_EACH(v) store_lanes(s.fire + v * w, load_lanes<U64>(s.live + v * w));
      return;
    }
    step_fire<V>(s, s.live);
  }
}

// Steps of all lanes, until some need the caller: asks tells which. The caller then may take lanes out of
// `fire`, and calls again with `resume`. `all`: all lanes need the caller at the first step.
static void lockstep(Lockstep& s, std::size_t steps, bool all, bool resume) {
  constexpr std::size_t w = Double::kWidth;
  switch (s.lanes) {
    case 8:
      return lockstep_run<8 / w>(s, steps, all, resume);
    case 16:
      return lockstep_run<16 / w>(s, steps, all, resume);
    default:
      return lockstep_run<32 / w>(s, steps, all, resume);
  }
}
#undef STOCHOS_EACH
