// Threads of the tensor room.
#pragma once
#include <cstddef>
#include <functional>

#include "base/pool.hpp"
#include "tensor/context.hpp"

namespace stochos::tensor {

// default_threads(), asked once in a process.
unsigned thread_count();
// Processors of the machine, whatever the process may use of them: how work is cut must not follow the number
// of threads.
unsigned processor_count();

// task(0..count-1), the calling thread among the workers.
template <class Task>
void run_tasks(std::size_t count, Task&& task) {
  const unsigned threads = count > 1 && !context().alone ? thread_count() : 1;
  if (threads <= 1) {
    for (std::size_t i = 0; i < count; ++i) task(i);
    return;
  }
  parallel_for(count, threads, std::function<void(std::size_t)>(std::ref(task)));
}

}  // namespace stochos::tensor
