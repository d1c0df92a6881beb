#if defined(__x86_64__)
#define STOCHOS_LEVEL avx512
#include "kernels/all.inl"
#endif
