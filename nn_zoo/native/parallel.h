// Work shared by threads, and memory that a thread keeps.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>

#include "helpers.h"
#include "xla/ffi/api/ffi.h"

namespace nn_zoo {

namespace ffi = xla::ffi;

// Who shares work: the threads of XLA's pool, or as many helpers of our own. The pool has a thread for each core beside
// the caller, which stay awake for a while: good for short work between operations of XLA's. Helpers are sooner there
// for kernels that follow one another.
struct Threads {
  ffi::ThreadPool& pool;
  bool own;
  Threads(ffi::ThreadPool& pool, bool own = false) : pool(pool), own(own) {}
  int64_t count() const { return std::max<int64_t>(1, pool.num_threads()); }
  void call(int64_t times, const std::function<void()>& task) const {
    if (own && times > 0) return Helpers::get().run(times, task);
    for (int64_t i = 0; i < times; ++i) pool.Schedule(std::function<void()>(task));
  }
};

// Calls work(0) ... work(count - 1), each once, in any order and on any thread, and returns when all are done.
// The caller takes part, so that threads that are all busy only make it slower.
inline void parallel_for(const Threads& threads, int64_t count, std::function<void(int64_t)> work) {
  struct Shared {
    std::function<void(int64_t)> work;
    int64_t count;
    std::atomic<int64_t> next{0}, done{0};
    std::mutex mutex;
    std::condition_variable finished;

    void take() {
      for (int64_t i; (i = next.fetch_add(1)) < count;) {
        work(i);
        if (done.fetch_add(1) + 1 == count) {
          std::lock_guard<std::mutex> lock(mutex);
          finished.notify_one();
        }
      }
    }
  };
  auto shared = std::make_shared<Shared>();
  shared->work = std::move(work);
  shared->count = count;
  threads.call(std::min(threads.count(), count) - 1, [shared] { shared->take(); });
  shared->take();
  for (int spin = 0; spin < 20000 && shared->done.load() < count; ++spin) {
  }
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->finished.wait(lock, [&] { return shared->done.load() == count; });
}

constexpr int64_t LITTLE = 1 << 17;  // floats, which one thread has moved before another is awake

// The same of work that moves so many floats in all: if they are few, the caller moves them.
inline void parallel_for(const Threads& threads, int64_t count, int64_t floats, const std::function<void(int64_t)>& work) {
  if (floats > LITTLE) return parallel_for(threads, count, work);
  for (int64_t i = 0; i < count; ++i) work(i);
}

// Floats that a thread uses again and again, aligned for vectors; their contents are whatever was there before.
class Scratch {
 public:
  float* floats(size_t count) {
    if (count > size_) {
      std::free(data_);
      size_ = (count + 1023) / 1024 * 1024;
      data_ = static_cast<float*>(std::aligned_alloc(64, size_ * sizeof(float)));
    }
    return data_;
  }
  ~Scratch() { std::free(data_); }

 private:
  float* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace nn_zoo
