// Objects with a state that calls change, for one thread at a time.
#pragma once
#include <atomic>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace stochos::bind {

// Calls on such an object may take long and give the interpreter's lock back, or Python may have none: a
// second thread, or a callback of the call under way, is refused rather than made to wait for what may wait
// for it.
template <class T>
class Exclusive {
 public:
  template <class... Arguments>
  explicit Exclusive(Arguments&&... arguments) : object_(std::forward<Arguments>(arguments)...) {}

  // The object while this lives.
  class Use {
   public:
    explicit Use(Exclusive& held) : held_(held) {
      if (held_.busy_.exchange(true, std::memory_order_acquire))
        throw Error(ErrorKind::value, "stochos",
                    "a call on this object is under way; make one for each thread");
    }
    ~Use() { held_.busy_.store(false, std::memory_order_release); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    T& operator*() const noexcept { return held_.object_; }
    T* operator->() const noexcept { return &held_.object_; }

   private:
    Exclusive& held_;
  };

 private:
  T object_;
  std::atomic<bool> busy_{false};
};

// What pybind11 is given for f(T&, ...) or a method of T.
template <class T, class R, class... A>
auto exclusive(R (*f)(T&, A...)) {
  return [f](Exclusive<T>& held, A... arguments) -> R {
    const typename Exclusive<T>::Use object(held);
    return f(*object, std::forward<A>(arguments)...);
  };
}
template <class T, class R, class... A>
auto exclusive(R (*f)(const T&, A...)) {
  return [f](Exclusive<T>& held, A... arguments) -> R {
    const typename Exclusive<T>::Use object(held);
    return f(*object, std::forward<A>(arguments)...);
  };
}
template <class T, class R, class... A>
auto exclusive(R (T::*method)(A...)) {
  return [method](Exclusive<T>& held, A... arguments) -> R {
    const typename Exclusive<T>::Use object(held);
    return ((*object).*method)(std::forward<A>(arguments)...);
  };
}
template <class T, class R, class... A>
auto exclusive(R (T::*method)(A...) const) {
  return [method](Exclusive<T>& held, A... arguments) -> R {
    const typename Exclusive<T>::Use object(held);
    return ((*object).*method)(std::forward<A>(arguments)...);
  };
}

}  // namespace stochos::bind
