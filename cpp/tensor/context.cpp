#include "tensor/context.hpp"

namespace stochos::tensor {

Context& context() noexcept {
  thread_local Context here;
  return here;
}

void fail_in(const char* operation, const Label* label, const std::string& text, ErrorKind kind) {
  const std::string place = label == nullptr ? "" : "in layer '" + label->text() + "': ";
  throw Error(kind, "nn." + std::string(operation), place + text);
}

void fail(const char* operation, const std::string& text, ErrorKind kind) {
  fail_in(operation, context().label.get(), text, kind);
}

}  // namespace stochos::tensor
