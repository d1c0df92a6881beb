// Calls to the system that fail: the n-th from now on, of those that read and write files, with EIO.
// Loaded before the C library (LD_PRELOAD) by test_disk_full.py.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

static volatile long left = 0, failed = 0;

void fail_at(long n) {
  failed = 0;
  left = n;
}

long has_failed(void) { return failed; }

static int fails(void) {
  if (left == 0 || __sync_sub_and_fetch(&left, 1) != 0) return 0;
  failed = 1;
  errno = EIO;
  return 1;
}

#define FAILING(result, name, parameters, arguments)                        \
  result name parameters {                                                  \
    static result(*real) parameters;                                        \
    if (!real) real = (result(*) parameters)dlsym(RTLD_NEXT, #name);        \
    return fails() ? (result)-1 : real arguments;                           \
  }

FAILING(ssize_t, write, (int file, const void* data, size_t size), (file, data, size))
FAILING(ssize_t, read, (int file, void* data, size_t size), (file, data, size))
FAILING(ssize_t, pread, (int file, void* data, size_t size, off_t at), (file, data, size, at))
FAILING(ssize_t, pread64, (int file, void* data, size_t size, off_t at), (file, data, size, at))
FAILING(int, fsync, (int file), (file))
FAILING(int, fchmod, (int file, mode_t mode), (file, mode))
FAILING(int, linkat, (int a, const char* old, int b, const char* new_, int flags), (a, old, b, new_, flags))
FAILING(int, rename, (const char* old, const char* new_), (old, new_))
FAILING(int, mkstemp, (char* name), (name))
