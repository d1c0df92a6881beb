// Inner products of a query with `count` rows: four rows share each load of the query, and their four sums
// hide the latency of the multiply-add. A row's sum has the same order wherever the row stands.
static void dots(const float* rows, std::size_t count, std::size_t dim, const float* query, float* out) {
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const float *a = rows + r * dim, *b = a + dim, *c = b + dim, *d = c + dim;
    Vec s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero();
    std::size_t i = 0;
    for (; i + kLanes <= dim; i += kLanes) {
      const Vec q = load(query + i);
      s0 = fma(load(a + i), q, s0);
      s1 = fma(load(b + i), q, s1);
      s2 = fma(load(c + i), q, s2);
      s3 = fma(load(d + i), q, s3);
    }
    float t0 = sum(s0), t1 = sum(s1), t2 = sum(s2), t3 = sum(s3);
    for (; i < dim; ++i) {
      t0 += a[i] * query[i];
      t1 += b[i] * query[i];
      t2 += c[i] * query[i];
      t3 += d[i] * query[i];
    }
    out[r] = t0, out[r + 1] = t1, out[r + 2] = t2, out[r + 3] = t3;
  }
  for (; r < count; ++r) {
    const float* a = rows + r * dim;
    Vec s = zero();
    std::size_t i = 0;
    for (; i + kLanes <= dim; i += kLanes) s = fma(load(a + i), load(query + i), s);
    float t = sum(s);
    for (; i < dim; ++i) t += a[i] * query[i];
    out[r] = t;
  }
}
