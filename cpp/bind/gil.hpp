// The lock of the interpreter, taken and given back so that a program may end while a thread is in a call.
#pragma once
#include <Python.h>
#include <cxxabi.h>
#include <unistd.h>

namespace stochos::bind {

// Once the interpreter is ending, Python up to 3.13 ends a thread that asks for its lock by unwinding the
// stack, which aborts the process at the first C++ frame that lets no exception through. So the unwinding is
// caught where it begins, and the thread waits for the end of the process, as Python from 3.14 on has it.
template <class Take>
auto take_lock(Take&& take) {
  try {
    return take();
  } catch (abi::__forced_unwind&) {
    for (;;) pause();
  }
}

// Gives the lock back while it lives.
class Unlocked {
 public:
  Unlocked() : state_(PyEval_SaveThread()) {}
  ~Unlocked() {
    take_lock([this] { PyEval_RestoreThread(state_); });
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_;
};

// Holds the lock while it lives.
class Locked {
 public:
  Locked() : state_(take_lock([] { return PyGILState_Ensure(); })) {}
  ~Locked() { PyGILState_Release(state_); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace stochos::bind
