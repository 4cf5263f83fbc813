// Threads of our own, which help a caller with its work.
#pragma once

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace nn_zoo {

// They sleep while there is nothing to do, and where cores are few are kept off that of who wakes them: Linux often wakes
// a thread on the waker's own core, and the two take turns there beside an idle one.
class Helpers {
 public:
  // Those of the process, which end with it.
  static Helpers& get() {
    static Helpers& helpers = *new Helpers;
    return helpers;
  }

  // Calls task(), soon, by so many threads.
  void run(int64_t count, const std::function<void()>& task) {
    std::lock_guard<std::mutex> lock(mutex_);
    while (static_cast<int64_t>(threads_.size()) < count) {
      threads_.emplace_back([this] { serve(); });
      avoided_ = -1;
    }
    avoid_core_of_caller();
    tasks_.insert(tasks_.end(), count, task);
    for (int64_t i = 0; i < count; ++i) arrived_.notify_one();
  }

 private:
  static constexpr size_t FEW = 8;

  void avoid_core_of_caller() {
#if defined(__linux__)
    const int core = sched_getcpu();
    cpu_set_t cores;
    if (threads_.size() >= FEW || core < 0 || core == avoided_ || sched_getaffinity(0, sizeof(cores), &cores)) return;
    avoided_ = core;
    CPU_CLR(core, &cores);
    for (auto& thread : threads_) pthread_setaffinity_np(thread.native_handle(), sizeof(cores), &cores);
#endif
  }

  void serve() {
    for (std::unique_lock<std::mutex> lock(mutex_);;) {
      arrived_.wait(lock, [&] { return !tasks_.empty(); });
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  int avoided_ = -1;
};

}  // namespace nn_zoo
