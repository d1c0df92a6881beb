// Ensembles of the direct method on a graphics card.
#pragma once
#include "base/control.hpp"
#include "reactions/ensemble.hpp"

namespace stochos::reactions {

// The same trajectories as simulate() by the direct method on the processor: bit for bit where no law or rule
// takes a function such as exp or a power. Throws Error(value) that says what the device cannot do, and what
// cuda::require() throws.
Outcome simulate_on_device(const Network& network, const Request& request, Control& control);

}  // namespace stochos::reactions
