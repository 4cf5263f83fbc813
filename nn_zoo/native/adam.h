// One step of Adam over the arrays of a net, in their places; the equations stand in nn_zoo/ops/adam.py.
#pragma once

#include <cmath>
#include <vector>

#include "parallel.h"
#include "vector.h"

namespace nn_zoo {

struct Adam {
  float rate, correction1, correction2, b1, b2, eps;
};

struct Moved {
  int64_t size;
  float decay;
  const float* g;
  float *m, *s, *w;
};

constexpr int64_t STRETCH = 8192;  // entries of a task

inline void adam(const Adam& f, int64_t size, float decay, const float* __restrict g, float* __restrict m,
                 float* __restrict s, float* __restrict w) {
  const float one = 1 / f.correction1, two = 1 / f.correction2;
  for (int64_t i = 0; i < size; ++i) {
    m[i] = f.b1 * m[i] + (1 - f.b1) * g[i];
    s[i] = f.b2 * s[i] + (1 - f.b2) * g[i] * g[i];
    w[i] -= f.rate * (m[i] * one / (std::sqrt(s[i] * two) + f.eps) + decay * w[i]);
  }
}

inline void adam(ffi::ThreadPool& pool, const Adam& f, const std::vector<Moved>& arrays) {
  std::vector<std::pair<int64_t, int64_t>> tasks;
  for (size_t n = 0; n < arrays.size(); ++n)
    for (int64_t first = 0; first < arrays[n].size; first += STRETCH) tasks.emplace_back(n, first);
  parallel_for(pool, tasks.size(), [&](int64_t task) {
    const auto [n, first] = tasks[task];
    const Moved& a = arrays[n];
    adam(f, std::min(STRETCH, a.size - first), a.decay, a.g + first, a.m + first, a.s + first, a.w + first);
  });
}

}  // namespace nn_zoo
