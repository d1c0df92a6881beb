// What a thread is doing: whether it records, which layer it is in, whether numbers are checked.
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "tensor/ref.hpp"

namespace stochos::tensor {

class Label : public Shared {
 public:
  explicit Label(std::string text) : text_(std::move(text)) {}
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

class TraceState;

// How a long computation is stopped: `ask` (may be empty) is called every 20 ms, on the thread that made this
// and while it lives; what it throws ends the computation.
class Polling {
 public:
  explicit Polling(const std::function<void()>& ask) noexcept;
  ~Polling();
  Polling(const Polling&) = delete;
  Polling& operator=(const Polling&) = delete;
  // Asks, if it is time and this thread polls; other threads' work ends with the tasks they are at.
  static void check();

 private:
  using Clock = std::chrono::steady_clock;
  const std::function<void()>& ask_;
  Clock::time_point last_;
  Polling* outer_;
};

struct Context {
  int recording = 0;            // depth of Recordings: nodes made now keep their inputs
  bool check_numerics = false;  // evaluation looks for NaN and infinity
  bool alone = false;           // work is not shared with other threads
  Ref<const Label> label;       // path of the layer at work; null outside
  TraceState* trace = nullptr;  // the trace under way in this thread
  Polling* polling = nullptr;   // of the computation under way in this thread
};

Context& context() noexcept;

class Recording {
 public:
  Recording() noexcept { ++context().recording; }
  ~Recording() { --context().recording; }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
};

// The work of this thread stays with it.
class Alone {
 public:
  Alone() noexcept : before_(std::exchange(context().alone, true)) {}
  ~Alone() { context().alone = before_; }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  bool before_;
};

// Errors of a node that is computed name the layer that it was made in.
class InLayer {
 public:
  explicit InLayer(const Ref<const Label>& label) : before_(std::exchange(context().label, label)) {}
  ~InLayer() { context().label = before_; }
  InLayer(const InLayer&) = delete;
  InLayer& operator=(const InLayer&) = delete;

 private:
  Ref<const Label> before_;
};

// Throws Error "[nn.<operation>] in layer '<label>': <text>"; the second form takes the label of a node.
[[noreturn]] void fail(const char* operation, const std::string& text, ErrorKind kind = ErrorKind::value);
[[noreturn]] void fail_in(const char* operation, const Label* label, const std::string& text,
                          ErrorKind kind = ErrorKind::value);

}  // namespace stochos::tensor
