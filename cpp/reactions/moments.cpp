#include "reactions/moments.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace stochos::reactions {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
}

void Moments::add(std::size_t point, const double* slots, std::span<const std::uint32_t> record) noexcept {
  const double part = 1.0 / static_cast<double>(++count[point]);
  double* const m = mean.data() + point * columns_;
  if (!full_) {
    double* const s = spread.data() + point * columns_;
    for (std::size_t i = 0; i < columns_; ++i) {
      const double value = slots[record[i]], step = value - m[i];
      m[i] += step * part;
      s[i] += step * (value - m[i]);
    }
    return;
  }
  double* s = spread.data() + point * columns_ * columns_;
  for (std::size_t i = 0; i < columns_; ++i) {
    step_[i] = slots[record[i]] - m[i];
    m[i] += step_[i] * part;
  }
  for (std::size_t i = 0; i < columns_; ++i, s += columns_)
    for (std::size_t j = i; j < columns_; ++j) s[j] += step_[i] * (slots[record[j]] - m[j]);
}

namespace {

// All products of C columns; `part` is the same at all points.
template <std::size_t C>
void add_products(const double* values, std::size_t points, double part, double* m, double* s) noexcept {
  for (std::size_t point = 0; point < points; ++point, values += C, m += C, s += C * C) {
    double step[C], rest[C];
    for (std::size_t i = 0; i < C; ++i) {
      step[i] = values[i] - m[i];
      m[i] += step[i] * part;
      rest[i] = values[i] - m[i];
    }
    for (std::size_t i = 0; i < C; ++i)
      for (std::size_t j = i; j < C; ++j) s[i * C + j] += step[i] * rest[j];
  }
}

}  // namespace

void Moments::add_points(const double* values, std::size_t points) noexcept {
  const bool even = std::all_of(count.begin(), count.begin() + static_cast<std::ptrdiff_t>(points),
                                [&](std::uint64_t n) { return n == count[0]; });
  if (!even || points == 0 || (full_ && columns_ > 4)) {
    for (std::size_t point = 0; point < points; ++point, values += columns_) add(point, values, own_);
    return;
  }
  for (std::size_t point = 0; point < points; ++point) ++count[point];
  const double part = 1.0 / static_cast<double>(count[0]);
  double* const m = mean.data();
  double* const s = spread.data();
  if (full_ && columns_ == 2) return add_products<2>(values, points, part, m, s);
  if (full_ && columns_ == 3) return add_products<3>(values, points, part, m, s);
  if (full_ && columns_ == 4) return add_products<4>(values, points, part, m, s);
  const std::size_t size = points * columns_;
  for (std::size_t i = 0; i < size; ++i) {
    const double step = values[i] - m[i];
    m[i] += step * part;
    s[i] += step * (values[i] - m[i]);
  }
}

void Moments::merge(const Moments& other) noexcept {
  for (std::size_t point = 0; point < count.size(); ++point) {
    const auto a = static_cast<double>(count[point]), b = static_cast<double>(other.count[point]);
    if (b == 0) continue;
    double* const m = mean.data() + point * columns_;
    const double* const n = other.mean.data() + point * columns_;
    const double weight = a * b / (a + b);
    for (std::size_t i = 0; i < columns_; ++i) step_[i] = n[i] - m[i];
    const std::size_t rows = full_ ? columns_ : 1, size = rows * columns_;
    double* s = spread.data() + point * size;
    const double* o = other.spread.data() + point * size;
    for (std::size_t i = 0; i < rows; ++i, s += columns_, o += columns_)
      for (std::size_t j = full_ ? i : 0; j < columns_; ++j)
        s[j] += o[j] + step_[full_ ? i : j] * step_[j] * weight;
    for (std::size_t i = 0; i < columns_; ++i) m[i] += step_[i] * (b / (a + b));
    count[point] += other.count[point];
  }
}

void Moments::clear() noexcept {
  std::fill(count.begin(), count.end(), 0);
  std::fill(mean.begin(), mean.end(), 0.0);
  std::fill(spread.begin(), spread.end(), 0.0);
}

MomentsAnswer finish(Moments&& total) {
  const std::size_t columns = total.columns();
  MomentsAnswer answer;
  answer.variance.resize(total.mean.size());
  if (total.full()) answer.covariance.resize(total.spread.size());
  for (std::size_t p = 0; p < total.count.size(); ++p) {
    const double n = static_cast<double>(total.count[p]);
    for (std::size_t i = 0; i < columns; ++i) {
      const std::size_t row = p * columns + i;
      if (n < 1) total.mean[row] = kNone;
      const double own = total.full() ? total.spread[row * columns + i] : total.spread[row];
      answer.variance[row] = n < 2 ? kNone : own / (n - 1);
      for (std::size_t j = i; total.full() && j < columns; ++j) {
        const double value = n < 2 ? kNone : total.spread[row * columns + j] / (n - 1);
        answer.covariance[row * columns + j] = value;
        answer.covariance[(p * columns + j) * columns + i] = value;
      }
    }
  }
  answer.reached = std::move(total.count);
  answer.mean = std::move(total.mean);
  return answer;
}

void MomentsTree::add(const Moments& next) {
  if (used_ == held_.size()) {
    held_.push_back(next);
    level_.push_back(0);
  } else {
    held_[used_] = next;
    level_[used_] = 0;
  }
  for (++used_; used_ > 1 && level_[used_ - 2] == level_[used_ - 1]; --used_) {
    held_[used_ - 2].merge(held_[used_ - 1]);
    ++level_[used_ - 2];
  }
}

Moments MomentsTree::total() const {
  if (used_ == 0) return empty_;
  Moments sum = held_[used_ - 1];
  for (std::size_t i = used_ - 1; i-- > 0;) {
    Moments before = held_[i];
    before.merge(sum);
    sum = std::move(before);
  }
  return sum;
}

}  // namespace stochos::reactions
