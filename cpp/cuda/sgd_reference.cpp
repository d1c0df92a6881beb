// The reference of the fit: groups of one thread, one after the other or in step.
#include <algorithm>
#include <utility>

#include "cuda/sgd.hpp"
#include "cuda/sgd_body.hpp"

namespace stochos::cuda {
namespace {

// A group of one thread.
struct One {
  static constexpr std::uint32_t lane() { return 0; }
  static constexpr std::uint32_t size() { return 1; }
  template <class T>
  static constexpr T sum(T own) {
    return own;
  }
  static constexpr std::uint32_t ballot(bool own) { return own ? 1 : 0; }
  static constexpr std::uint32_t bits_before(std::uint32_t) { return 0; }
  static constexpr std::uint32_t bits(std::uint32_t mask) { return mask; }
  static constexpr void sync() {}
  static float load(const float* place) { return *place; }
};

struct OneAfterTheOther : One {
  static void push(float* place, float from, float delta) { *place = from + delta; }
};

// Writes down what is to be added, until all groups that work at once have read.
struct AtOnce : One {
  std::vector<std::pair<float*, float>>* pushed;
  void push(float* place, float, float delta) const { pushed->emplace_back(place, delta); }
};

// The numbers of a group: a row, and where it is in its range.
struct Worker {
  explicit Worker(std::uint32_t dimension)
      : x(dimension), gradient(dimension), row{x.data(), gradient.data()} {}
  std::vector<float> x, gradient;
  SgdScratch scratch{};
  SgdRow row;
  std::uint64_t segment = 0;
  bool open = false;
};

class Reference final : public SgdFit {
 public:
  Reference(const SgdProblemData& data, std::uint32_t together)
      : segments_(data.segments),
        vectors_(data.bias.size() * data.dimension),
        squares_(data.bias.size(), 1.0F),
        data_{data.segments.data(), data.records.data(), data.row_start.data(),
              data.column.data(),   vectors_.data(),     squares_.data(),
              data.bias.data(),     data.dimension,      data.stripes} {
    for (std::uint32_t k = 0; k < together; ++k) workers_.push_back(std::make_unique<Worker>(data.dimension));
  }

  void set(std::span<const float> vectors, std::span<const float> squares) override {
    std::copy(vectors.begin(), vectors.end(), vectors_.begin());
    std::copy(squares.begin(), squares.end(), squares_.begin());
  }
  void get(std::span<float> vectors, std::span<float> squares) const override {
    std::copy(vectors_.begin(), vectors_.end(), vectors.begin());
    std::copy(squares_.begin(), squares_.end(), squares.begin());
  }

  void run(std::span<const SgdRange> ranges, const SgdSettings& settings,
           const std::function<void(std::uint64_t)>& between) override {
    for (const SgdRange& range : ranges) {
      if (workers_.size() == 1) {
        for (std::uint64_t g = range.begin; g < range.end; ++g)
          sgd_segment(data_, settings, segments_[g], OneAfterTheOther{}, workers_[0]->scratch,
                      workers_[0]->row);
      } else {
        run_at_once(range, settings);
      }
      std::uint64_t records = 0;
      for (std::uint64_t g = range.begin; g < range.end; ++g) records += segments_[g].count;
      between(records);
    }
  }

  SgdLoss take_loss() override {
    SgdLoss total;
    for (const auto& worker : workers_) {
      const SgdLoss loss = std::exchange(worker->row.loss, {});
      total.observed += loss.observed;
      total.zeros += loss.zeros;
      total.pairs += loss.pairs;
    }
    return total;
  }

 private:
  // In step, all reads before all writes: the worst that the device can do.
  void run_at_once(const SgdRange& range, const SgdSettings& settings) {
    const AtOnce group{{}, &pushed_};
    for (std::size_t k = 0; k < workers_.size(); ++k) {
      workers_[k]->segment = range.begin + k;
      workers_[k]->open = false;
    }
    for (bool some = true; some;) {
      some = false;
      for (const auto& worker : workers_) {
        if (worker->segment >= range.end) continue;
        some = true;
        const SgdSegment& segment = segments_[worker->segment];
        if (!worker->open) sgd_open(data_, segment, group, worker->row);
        worker->open = true;
        sgd_batch(data_, settings, segment, group, worker->scratch, worker->row);
        if (worker->row.at < segment.count) continue;
        sgd_close(data_, segment, group, worker->row);
        worker->segment += workers_.size();
        worker->open = false;
      }
      for (const auto& [place, delta] : pushed_) *place += delta;
      pushed_.clear();
    }
  }

  std::span<const SgdSegment> segments_;
  std::vector<float> vectors_, squares_;
  SgdData data_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::pair<float*, float>> pushed_;
};

}  // namespace

std::unique_ptr<SgdFit> make_sgd_reference(const SgdProblemData& data, std::uint32_t together) {
  return std::make_unique<Reference>(data, together);
}

}  // namespace stochos::cuda
