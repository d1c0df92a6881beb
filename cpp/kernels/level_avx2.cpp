#if defined(__x86_64__)
#define STOCHOS_LEVEL avx2
#include "kernels/all.inl"
#endif
