// Inner product of two float rows; four running sums hide the latency of the multiply-add.
static float dot(const float* a, const float* b, std::size_t n) {
  Vec s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero();
  std::size_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    s0 = fma(load(a + i), load(b + i), s0);
    s1 = fma(load(a + i + kLanes), load(b + i + kLanes), s1);
    s2 = fma(load(a + i + 2 * kLanes), load(b + i + 2 * kLanes), s2);
    s3 = fma(load(a + i + 3 * kLanes), load(b + i + 3 * kLanes), s3);
  }
  for (; i + kLanes <= n; i += kLanes) s0 = fma(load(a + i), load(b + i), s0);
  float total = sum(add(add(s0, s1), add(s2, s3)));
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}
