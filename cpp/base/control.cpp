#include "base/control.hpp"

#include "base/error.hpp"

namespace stochos {

void Control::poll() {
  if (tick_ && !tick_(done(), total())) request_stop();
  if (stopped()) throw Stopped();
}

}  // namespace stochos
