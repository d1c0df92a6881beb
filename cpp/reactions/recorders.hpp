// One recorder for each way to keep; each thread has its own.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "reactions/ensemble.hpp"
#include "reactions/moments.hpp"

namespace stochos::reactions {

// What all share: the state's recorded part, ends and counts of each trajectory.
class BaseRecorder : public Recorder {
 public:
  BaseRecorder(const Request& request, Outcome& outcome) : request_(request), outcome_(outcome) {}
  void begin(std::uint64_t trajectory) override { row_ = trajectory - request_.first; }
  void point(std::size_t, const double*) override {}
  void end(const Ending& ending) override;
  std::uint64_t events() const noexcept { return events_; }
  const std::array<std::uint64_t, 4>& status_counts() const noexcept { return counts_; }

 protected:
  std::size_t columns() const noexcept { return request_.record.size(); }
  std::size_t points() const noexcept { return request_.plan.times.size(); }
  const Request& request_;
  Outcome& outcome_;
  std::uint64_t row_ = 0;

 private:
  std::uint64_t events_ = 0;
  std::array<std::uint64_t, 4> counts_{};
};

class TrajectoryRecorder final : public BaseRecorder {
 public:
  using BaseRecorder::BaseRecorder;
  void begin(std::uint64_t trajectory) override;
  void point(std::size_t point, const double* slots) override;
  void end(const Ending& ending) override;

 private:
  double* place_ = nullptr;
  double* stop_ = nullptr;
};

class FinalRecorder final : public BaseRecorder {
 public:
  using BaseRecorder::BaseRecorder;
};

class MomentsRecorder final : public BaseRecorder {
 public:
  MomentsRecorder(const Request& request, Outcome& outcome)
      : BaseRecorder(request, outcome), moments(points(), columns(), request.covariance) {}
  void point(std::size_t point, const double* slots) override { moments.add(point, slots, request_.record); }
  Moments moments;
};

class HistogramRecorder final : public BaseRecorder {
 public:
  HistogramRecorder(const Request& request, Outcome& outcome);
  void point(std::size_t point, const double* slots) override;
  std::vector<std::vector<std::int64_t>> counts;
};

class PassageRecorder final : public BaseRecorder {
 public:
  PassageRecorder(const Request& request, Outcome& outcome, const Formula& condition, std::size_t registers)
      : BaseRecorder(request, outcome), condition_(condition), registers_(registers) {}
  void begin(std::uint64_t trajectory) override;
  bool wants_events() const override { return true; }
  bool event(double time, std::uint32_t reaction, const double* slots) override;
  void pass(double time) { outcome_.passage[row_] = time; }

 private:
  const Formula& condition_;
  std::vector<double> registers_;
};

// Every event of one trajectory, and its state at the times.
class EventRecorder final : public BaseRecorder {
 public:
  using BaseRecorder::BaseRecorder;
  bool wants_events() const override { return true; }
  void point(std::size_t point, const double* slots) override;
  bool event(double time, std::uint32_t reaction, const double* slots) override;
};

}  // namespace stochos::reactions
