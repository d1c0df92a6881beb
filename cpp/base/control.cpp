#include "base/control.hpp"

#include "base/error.hpp"

namespace stochos {

void Control::poll() {
  // Only for the caller's own no: a task that fails asks for a stop too, and then its error is to be told.
  if (tick_ && !tick_(done(), total())) {
    request_stop();
    throw Stopped();
  }
}

}  // namespace stochos
