// Mean and covariance of many trajectories, gathered in blocks and merged in an order that nothing else
// decides.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace stochos::reactions {

// How many of n trajectories are gathered one by one before blocks are merged: few where there are few, so
// that there is work for every thread; the number of threads has no say in it.
constexpr std::uint64_t moments_block(std::uint64_t n) noexcept {
  return std::clamp<std::uint64_t>(std::bit_floor(n / 64), 1, 256);
}

// Mean and sums of squares or products about it: B. P. Welford, Technometrics 4 (1962); blocks are merged by
// T. F. Chan, G. H. Golub, R. J. LeVeque (1979). `full`: all products of columns i <= j, else squares alone.
struct Moments {
  Moments(std::size_t points, std::size_t columns, bool full)
      : columns_(columns),
        full_(full),
        count(points, 0),
        mean(points * columns, 0.0),
        spread(points * columns * (full ? columns : 1), 0.0) {
    std::iota(own_.begin(), own_.end(), 0U);
  }
  void add(std::size_t point, const double* slots, std::span<const std::uint32_t> record) noexcept;
  // Points 0 .. points - 1 of one trajectory, whose columns stand side by side: (points, columns).
  void add_points(const double* values, std::size_t points) noexcept;
  void merge(const Moments& other) noexcept;
  void clear() noexcept;
  std::size_t columns() const noexcept { return columns_; }
  bool full() const noexcept { return full_; }

 private:
  std::size_t columns_;
  bool full_;
  std::vector<double> step_ = std::vector<double>(columns_);
  std::vector<std::uint32_t> own_ = std::vector<std::uint32_t>(columns_);  // 0, 1, 2, ...

 public:
  std::vector<std::uint64_t> count;
  std::vector<double> mean, spread;
};

// What moments say: (T, C), and (T, C, C) if they are full. NaN where no trajectory came, or only one.
struct MomentsAnswer {
  std::vector<std::uint64_t> reached;  // (T,)
  std::vector<double> mean, variance, covariance;
};
MomentsAnswer finish(Moments&& total);

// Blocks in their order, merged two and two as a counter carries: 2^k blocks give what they give in a tree of
// their own, so that a range of them may be gathered anywhere. It holds as many as there are binary digits.
class MomentsTree {
 public:
  explicit MomentsTree(const Moments& empty) : empty_(empty) {}
  void add(const Moments& next);
  Moments total() const;

 private:
  Moments empty_;
  std::vector<Moments> held_;  // the first used_ of them
  std::vector<unsigned> level_;
  std::size_t used_ = 0;
};

}  // namespace stochos::reactions
