#include "tensor/context.hpp"

namespace stochos::tensor {

Context& context() noexcept {
  thread_local Context here;
  return here;
}

Polling::Polling(const std::function<void()>& ask) noexcept
    : ask_(ask), last_(ask ? Clock::now() : Clock::time_point{}), outer_(context().polling) {
  context().polling = ask ? this : outer_;
}

Polling::~Polling() {
  context().polling = outer_;
}

void Polling::check() {
  Polling* mine = context().polling;
  if (mine == nullptr || Clock::now() - mine->last_ < std::chrono::milliseconds(20)) return;
  mine->ask_();
  mine->last_ = Clock::now();
}

void fail_in(const char* operation, const Label* label, const std::string& text, ErrorKind kind) {
  const std::string place = label == nullptr ? "" : "in layer '" + label->text() + "': ";
  throw Error(kind, "nn." + std::string(operation), place + text);
}

void fail(const char* operation, const std::string& text, ErrorKind kind) {
  fail_in(operation, context().label.get(), text, kind);
}

}  // namespace stochos::tensor
