// What a body that the device and its reference on the processor share is marked with.
#pragma once

#if defined(__CUDACC__)
#define STOCHOS_DEVICE __host__ __device__
#else
#define STOCHOS_DEVICE
#endif
