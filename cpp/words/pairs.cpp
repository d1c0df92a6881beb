#include "words/pairs.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/pool.hpp"
#include "kernels/table.hpp"

namespace stochos::words {
namespace {

constexpr const char* kWhere = "words.count";
constexpr std::size_t kSlack = 32;    // what the kernels may read or write past an end
constexpr std::size_t kBatch = 4096;  // neighbours collected before they are summed; stays in L1
constexpr std::size_t kPollTokens = std::size_t{1} << 20;  // a few milliseconds of sorting

// Plain numbers that grow without being set to zero first.
template <class T>
class Plain {
 public:
  Plain() = default;
  explicit Plain(std::size_t size) { reserve(size), size_ = size; }
  Plain(Plain&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Plain& operator=(Plain&& other) noexcept {
    swap(other);
    return *this;
  }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;
  ~Plain() { std::free(data_); }

  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    capacity = std::max(capacity, capacity_ + capacity_ / 2);
    void* grown = std::realloc(data_, capacity * sizeof(T));
    if (grown == nullptr) throw std::bad_alloc();
    data_ = static_cast<T*>(grown);
    capacity_ = capacity;
  }
  void set_size(std::size_t size) noexcept { size_ = size; }
  void swap(Plain& other) noexcept {
    std::swap(data_, other.data_), std::swap(size_, other.size_), std::swap(capacity_, other.capacity_);
  }
  void push(T value) {
    reserve(size_ + 1);
    data_[size_++] = value;
  }
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  std::size_t size() const noexcept { return size_; }
  void release() noexcept { Plain().swap(*this); }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

// The finished rows of one task. Values are 4 bytes wide until one row needs more.
struct Block {
  std::size_t first_row = 0, last_row = 0;
  Plain<std::uint32_t> column, narrow;
  Plain<std::uint64_t> wide;
  bool is_wide = false;

  void widen() {
    if (is_wide) return;
    is_wide = true;
    wide.reserve(narrow.size());
    for (std::size_t k = 0; k < narrow.size(); ++k) wide[k] = narrow[k];
    wide.set_size(narrow.size());
    narrow.release();
  }
};

// One thread's row of sums; made on its first task.
struct Lane {
  Plain<std::uint32_t> sums, neighbours, distances;
  Plain<std::uint64_t> wide_sums, keys;
  Plain<std::uint8_t> touched;
};

template <class T>
void make_zero(Plain<T>& numbers, std::size_t size) {
  if (numbers.size() == size) return;
  numbers = Plain<T>(size);
  std::memset(numbers.data(), 0, size * sizeof(T));
}

template <class Position>
class Counter {
 public:
  Counter(std::span<const std::uint32_t> ids, std::span<const std::uint64_t> frequencies,
          std::span<const std::uint64_t> weights, bool diagonal, unsigned threads, std::size_t memory_limit,
          const std::string& folder, Control& control)
      : ids_(ids),
        frequencies_(frequencies),
        weights_(weights),
        diagonal_(diagonal),
        threads_(std::max(threads, 1U)),
        window_(static_cast<std::uint32_t>(std::min<std::size_t>(weights.size(), ids.size()))),
        flat_(std::adjacent_find(weights.begin(), weights.end(), std::not_equal_to<>()) == weights.end()),
        scale_(flat_ && !weights.empty() ? weights[0] : 1),
        groups_((frequencies.size() / 16 + 64) / 32 * 32),
        kernels_(kernels::table()),
        positions_(memory_limit, folder, kWhere),
        control_(control) {}

  UpperTriangle run() {
    check();
    control_.start(ids_.size());
    sort_positions();
    count_rows();
    return gather_blocks();
  }

 private:
  std::size_t words() const { return frequencies_.size(); }

  // Refuses what could overflow. No entry of row a exceeds its occurrences times both sides of the window.
  void check() {
    const std::size_t limit = std::size_t{1} << 31;
    if (words() > limit) {
      throw Error(ErrorKind::value, kWhere,
                  std::to_string(words()) + " words; at most 2147483648 can be counted, raise min_count");
    }
    unsigned __int128 both_sides = 0;
    for (const std::uint64_t w : weights_) both_sides += w;
    both_sides = flat_ ? static_cast<unsigned __int128>(window_) * 2 : both_sides * 2;
    both_sides_ = both_sides;
    const std::uint64_t most = words() == 0 ? 0 : *std::max_element(frequencies_.begin(), frequencies_.end());
    if (both_sides * most * scale_ > std::numeric_limits<std::uint64_t>::max()) {
      throw Error(ErrorKind::value, kWhere,
                  "the weighted sums of a word with " + std::to_string(most) +
                      " occurrences could pass 2^64; give a smaller window or another weighting");
    }
  }

  // Positions of each word, ascending. Every task sorts its own stretch of the stream into its own places.
  void sort_positions() {
    const std::size_t n = ids_.size(), v = words();
    const std::size_t tasks = std::min<std::size_t>(threads_, n / kPollTokens + 1);
    const auto stretch = [&](std::size_t task) { return n / tasks * task + std::min(task, n % tasks); };
    std::vector<std::vector<std::uint64_t>> place(tasks, std::vector<std::uint64_t>(v));
    std::atomic<bool> bad{false};
    const auto each = [&](std::size_t task, auto&& visit) {
      const std::size_t end = stretch(task + 1);
      for (std::size_t from = stretch(task); from < end && !control_.stopped(); from += kPollTokens) {
        for (std::size_t p = from; p < std::min(end, from + kPollTokens); ++p) {
          const std::uint32_t id = ids_[p];
          if (id < v) {
            visit(p, id);
          } else if (id < kHole) {
            bad = true;
          }
        }
      }
    };
    parallel_run(
        tasks, threads_,
        [&](std::size_t task, unsigned) {
          each(task, [at = place[task].data()](std::size_t, std::uint32_t id) { ++at[id]; });
        },
        control_);
    row_begin_.resize(v + 1);
    std::uint64_t sum = 0;
    for (std::size_t a = 0; a < v; ++a) {
      row_begin_[a] = sum;
      for (auto& stretch_counts : place) sum += std::exchange(stretch_counts[a], sum);
      if (sum - row_begin_[a] != frequencies_[a]) bad = true;
    }
    row_begin_[v] = sum;
    if (bad) throw Error(ErrorKind::value, kWhere, "the word ids and the frequencies disagree");
    positions_.resize((sum + kSlack) * sizeof(Position));
    auto* positions = reinterpret_cast<Position*>(positions_.data());
    std::fill_n(positions + sum, kSlack, Position{0});
    parallel_run(
        tasks, threads_,
        [&](std::size_t task, unsigned) {
          each(task, [&, at = place[task].data()](std::size_t p, std::uint32_t id) {
            positions[at[id]++] = static_cast<Position>(p);
          });
        },
        control_);
  }

  void count_rows() {
    // Blocks of about equal work; the row of sums costs something even for a rare word.
    const std::uint64_t row_cost = 8;
    const std::uint64_t total = row_begin_.back() + row_cost * words();
    const std::uint64_t share = std::max<std::uint64_t>(total / (threads_ == 1 ? 64 : 64 * threads_), 4096);
    std::uint64_t cost = 0;
    for (std::size_t a = 0; a < words(); ++a) {
      if (blocks_.empty() || cost >= share) {
        blocks_.emplace_back().first_row = a;
        cost = 0;
      }
      cost += frequencies_[a] + row_cost;
      blocks_.back().last_row = a + 1;
    }
    row_size_.resize(words());
    lanes_.resize(threads_);
    parallel_run(
        blocks_.size(), threads_,
        [&](std::size_t task, unsigned slot) { count_block(blocks_[task], lanes_[slot]); }, control_);
    lanes_.clear();
    const SpillBuffer done = std::move(positions_);  // freed here, before the result takes its room
  }

  void count_block(Block& block, Lane& lane) {
    const std::size_t batch = std::max<std::size_t>(kBatch / (2 * std::max(window_, 1U)), 1);
    const std::size_t room = batch * 2 * window_ + kSlack;
    for (std::size_t a = block.first_row; a < block.last_row; ++a) {
      if (control_.stopped()) return;
      const std::size_t before = block.column.size();
      const std::uint64_t most = frequencies_[a] * 2 * window_;
      if (most <= (words() - a) / 256) {
        sort_row(block, lane, a, most);
      } else if (static_cast<unsigned __int128>(frequencies_[a]) * both_sides_ <=
                 std::numeric_limits<std::uint32_t>::max()) {
        make_zero(lane.sums, groups_ * 16);
        const std::uint64_t pairs = flat_ ? fill_row<false>(lane, lane.sums.data(), a, batch, room)
                                          : fill_row<true>(lane, lane.sums.data(), a, batch, room);
        empty_row(block, lane, a, pairs);
      } else {
        make_zero(lane.wide_sums, groups_ * 16);
        const std::uint64_t pairs = flat_ ? fill_row<false>(lane, lane.wide_sums.data(), a, batch, room)
                                          : fill_row<true>(lane, lane.wide_sums.data(), a, batch, room);
        empty_wide_row(block, lane, a, pairs);
      }
      row_size_[a] = block.column.size() - before;
    }
  }

  std::size_t collect(Lane& lane, std::size_t a, std::uint64_t from, std::size_t count) {
    const auto* positions = reinterpret_cast<const Position*>(positions_.data()) + row_begin_[a] + from;
    return kernels_.pairs_gather(ids_.data(), ids_.size(), positions, sizeof(Position) == 8, count,
                                 static_cast<std::uint32_t>(a), window_, diagonal_, lane.neighbours.data(),
                                 flat_ ? nullptr : lane.distances.data());
  }

  // Adds all neighbours of row a to the row of sums; returns how many there were.
  template <bool weighted, class Sum>
  std::uint64_t fill_row(Lane& lane, Sum* sums, std::size_t a, std::size_t batch, std::size_t room) {
    make_zero(lane.touched, groups_);
    lane.neighbours.reserve(room);
    if (weighted) lane.distances.reserve(room);
    std::uint8_t* touched = lane.touched.data();
    std::uint64_t total = 0, unreported = 0;
    for (std::uint64_t from = 0; from < frequencies_[a]; from += batch) {
      const std::size_t count = std::min<std::uint64_t>(batch, frequencies_[a] - from);
      const std::size_t n = collect(lane, a, from, count);
      const std::uint32_t* id = lane.neighbours.data();
      const std::uint32_t* distance = lane.distances.data();
      for (std::size_t k = 0; k < n; ++k) {
        const std::uint32_t j = id[k];
        if constexpr (weighted) {
          sums[j] += static_cast<Sum>(weights_[distance[k]]);
        } else {
          sums[j] += 1;
        }
        touched[j >> 4] = 1;
      }
      total += n;
      unreported += count;
      if (unreported >= 4096) {
        control_.advance(std::exchange(unreported, 0));
        if (control_.stopped()) return total;
      }
    }
    control_.advance(unreported);
    return total;
  }

  void make_room(Block& block, std::size_t a, std::uint64_t pairs) {
    const std::size_t more = std::min<std::uint64_t>(pairs, words() - a) + kSlack;
    block.column.reserve(block.column.size() + more);
    if (block.is_wide) {
      block.wide.reserve(block.column.size() + more);
    } else {
      block.narrow.reserve(block.column.size() + more);
    }
  }

  void empty_row(Block& block, Lane& lane, std::size_t a, std::uint64_t pairs) {
    if (pairs == 0) return;
    make_room(block, a, pairs);
    const std::size_t before = block.column.size(), begin = a / 16 / 32 * 32;
    if (!block.is_wide) {
      const std::size_t n =
          kernels_.pairs_empty_row(lane.sums.data(), lane.touched.data(), begin, groups_,
                                   block.column.data() + before, block.narrow.data() + before);
      block.column.set_size(before + n);
      block.narrow.set_size(before + n);
      return;
    }
    // An earlier row of the block was wide.
    lane.distances.reserve(std::min<std::uint64_t>(pairs, words() - a) + kSlack);
    std::uint32_t* values = lane.distances.data();
    const std::size_t n = kernels_.pairs_empty_row(lane.sums.data(), lane.touched.data(), begin, groups_,
                                                   block.column.data() + before, values);
    std::copy_n(values, n, block.wide.data() + before);
    block.column.set_size(before + n);
    block.wide.set_size(before + n);
  }

  void empty_wide_row(Block& block, Lane& lane, std::size_t a, std::uint64_t pairs) {
    if (pairs == 0) return;
    block.widen();
    make_room(block, a, pairs);
    std::size_t n = block.column.size();
    std::uint32_t* column = block.column.data();
    std::uint64_t* value = block.wide.data();
    std::uint64_t* sums = lane.wide_sums.data();
    for (std::size_t eight = a / 16 / 8 * 8; eight < groups_; eight += 8) {
      std::uint64_t marks;
      std::memcpy(&marks, lane.touched.data() + eight, 8);
      if (marks == 0) continue;
      std::memset(lane.touched.data() + eight, 0, 8);
      for (std::size_t group = eight; group < eight + 8; ++group, marks >>= 8) {
        if ((marks & 255) == 0) continue;
        for (std::size_t j = group * 16; j < group * 16 + 16; ++j) {
          column[n] = static_cast<std::uint32_t>(j);
          value[n] = sums[j];
          n += static_cast<std::size_t>(sums[j] != 0);
          sums[j] = 0;
        }
      }
    }
    block.column.set_size(n);
    block.wide.set_size(n);
  }

  // For a word so rare in so large a vocabulary that looking through the row of sums would cost more than
  // sorting.
  void sort_row(Block& block, Lane& lane, std::size_t a, std::uint64_t most) {
    lane.neighbours.reserve(most + kSlack);
    if (!flat_) lane.distances.reserve(most + kSlack);
    const std::size_t n = collect(lane, a, 0, frequencies_[a]);
    control_.advance(frequencies_[a]);
    lane.keys.reserve(n + 1);
    std::uint64_t* keys = lane.keys.data();
    for (std::size_t k = 0; k < n; ++k) {
      keys[k] = std::uint64_t{lane.neighbours[k]} << 32 | (flat_ ? 0 : lane.distances[k]);
    }
    std::sort(keys, keys + n);
    for (std::size_t k = 0; k < n;) {
      const std::uint64_t id = keys[k] >> 32;
      std::uint64_t sum = 0;
      for (; k < n && keys[k] >> 32 == id; ++k) sum += flat_ ? 1 : weights_[keys[k] & 0xFFFFFFFFU];
      if (sum > std::numeric_limits<std::uint32_t>::max()) block.widen();
      block.column.push(static_cast<std::uint32_t>(id));
      if (block.is_wide) {
        block.wide.push(sum);
      } else {
        block.narrow.push(static_cast<std::uint32_t>(sum));
      }
    }
  }

  // Puts the blocks one behind the other; each is freed as soon as it is copied.
  UpperTriangle gather_blocks() {
    UpperTriangle result;
    result.row_start.resize(words() + 1);
    for (std::size_t a = 0; a < words(); ++a) {
      result.row_start[a + 1] = result.row_start[a] + static_cast<std::int64_t>(row_size_[a]);
    }
    const auto n = static_cast<std::size_t>(result.row_start.back());
    result.column.reserve(n);
    result.value.reserve(n);
    prefer_huge_pages(result.column.data(), n * sizeof(std::uint32_t));
    prefer_huge_pages(result.value.data(), n * sizeof(std::uint64_t));
    result.column.resize(n);
    result.value.resize(n);
    parallel_run(
        blocks_.size(), threads_,
        [&](std::size_t task, unsigned) {
          Block& block = blocks_[task];
          const auto first = static_cast<std::size_t>(result.row_start[block.first_row]);
          std::copy_n(block.column.data(), block.column.size(), result.column.data() + first);
          block.column.release();
          std::uint64_t* value = result.value.data() + first;
          for (std::size_t k = 0; k < block.narrow.size(); ++k) value[k] = block.narrow[k] * scale_;
          block.narrow.release();
          for (std::size_t k = 0; k < block.wide.size(); ++k) value[k] = block.wide[k] * scale_;
          block.wide.release();
        },
        control_);
    return result;
  }

  std::span<const std::uint32_t> ids_;
  std::span<const std::uint64_t> frequencies_, weights_;
  bool diagonal_;
  unsigned threads_;
  std::uint32_t window_;
  bool flat_;  // all weights are equal: rows count pairs, and the result is scaled
  std::uint64_t scale_;
  std::size_t groups_;  // groups of 16 sums, a multiple of 32
  const kernels::Table& kernels_;
  SpillBuffer positions_;
  Control& control_;
  unsigned __int128 both_sides_ = 0;  // most that one occurrence can add to a row
  std::vector<std::uint64_t> row_begin_, row_size_;
  std::vector<Block> blocks_;
  std::vector<Lane> lanes_;
};

}  // namespace

UpperTriangle count_pairs(std::span<const std::uint32_t> ids,
                          std::span<const std::uint64_t> frequencies_in_ids,
                          std::span<const std::uint64_t> weights, bool diagonal, unsigned threads,
                          std::size_t memory_limit, const std::string& folder, Control& control) {
  if (ids.size() > std::size_t{1} << 32) {
    return count_pairs_wide(ids, frequencies_in_ids, weights, diagonal, threads, memory_limit, folder,
                            control);
  }
  return Counter<std::uint32_t>(ids, frequencies_in_ids, weights, diagonal, threads, memory_limit, folder,
                                control)
      .run();
}

UpperTriangle count_pairs_wide(std::span<const std::uint32_t> ids,
                               std::span<const std::uint64_t> frequencies_in_ids,
                               std::span<const std::uint64_t> weights, bool diagonal, unsigned threads,
                               std::size_t memory_limit, const std::string& folder, Control& control) {
  return Counter<std::uint64_t>(ids, frequencies_in_ids, weights, diagonal, threads, memory_limit, folder,
                                control)
      .run();
}

}  // namespace stochos::words
