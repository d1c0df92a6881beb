// The lock of the interpreter, taken and given back so that a program may end while a thread is in a call.
#pragma once
#include <Python.h>

#include "base/os.hpp"

namespace stochos::bind {

// Once the interpreter is ending, Python up to 3.13 ends a thread that asks for its lock by unwinding the
// stack, which aborts the process at the first C++ frame that lets no exception through. So the stack is kept
// where the lock is taken, and the thread waits for the end of the process, as Python from 3.14 on has it.
// Where Python has no such lock, these say whether the thread may touch its objects.

// Gives the lock back while it lives.
class Unlocked {
 public:
  Unlocked() : state_(PyEval_SaveThread()) {}
  ~Unlocked() {
    os::keep_stack([this] { PyEval_RestoreThread(state_); });
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_;
};

// Holds the lock while it lives.
class Locked {
 public:
  Locked() {
    os::keep_stack([this] { state_ = PyGILState_Ensure(); });
  }
  ~Locked() { PyGILState_Release(state_); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace stochos::bind
