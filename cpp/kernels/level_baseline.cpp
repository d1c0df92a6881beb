#define STOCHOS_LEVEL baseline
#include "kernels/all.inl"
