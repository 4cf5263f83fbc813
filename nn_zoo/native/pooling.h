// Maxima over windows, as what picks them and its transpose.
//
// With m(h) the first place of the largest x in window h (NaN counts as largest):
//   gather:   y[h]  = t[m(h)]                     (t = x: the maximum itself)
//   scatter:  d[i]  = sum over windows h with m(h) = i of g[h]
#pragma once

#include "geometry.h"

namespace nn_zoo {

// Taps [begin, end) of an output's window that lie inside.
struct Window {
  int64_t first, begin, end;
};

inline Window window(const Axis& axis, int64_t output) {
  const int64_t first = output * axis.stride - axis.low;
  return {first, std::max<int64_t>(0, -first), std::min(axis.taps, axis.in - first)};
}

// Calls visit(offset of the output, maxima, place, lanes) for each window and vector of channels: place[lane] is the
// maximum's offset among the image's floats, less the lane.
template <typename Visit>
void over_windows(const Problem& p, const float* x, Visit visit) {
  typedef int Places __attribute__((vector_size(sizeof(Vector))));
  for (int64_t h = 0; h < p.rows.out; ++h)
    for (int64_t w = 0; w < p.columns.out; ++w) {
      const Window rows = window(p.rows, h), columns = window(p.columns, w);
      for (int64_t c = 0; c < p.channels_in; c += LANES) {
        const int left = static_cast<int>(p.channels_in - c);
        Vector best = {};
        Places place = {};
        bool any = false;
        for (int64_t i = rows.begin; i < rows.end; ++i)
          for (int64_t j = columns.begin; j < columns.end; ++j) {
            const int64_t at = ((rows.first + i) * p.columns.in + columns.first + j) * p.channels_in + c;
            const Vector value = load(x + at, left);
            const auto better = (value > best) | (value != value) | (any ? 0 : -1);
            best = better ? value : best;
            place = better ? Places{} + static_cast<int>(at) : place;
            any = true;
          }
        visit((h * p.columns.out + w) * p.channels_in + c, best, place, std::min(left, LANES));
      }
    }
}

inline void pool_gather(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* t, float* y) {
  const int64_t in = p.rows.in * p.columns.in * p.channels_in;
  const int64_t out = p.rows.out * p.columns.out * p.channels_in;
  parallel_for(pool, p.batch, [&](int64_t b) {
    over_windows(p, x + b * in, [&](int64_t to, Vector best, auto place, int lanes) {
      if (x == t) return store(y + b * out + to, best, lanes);
      for (int lane = 0; lane < lanes; ++lane) y[b * out + to + lane] = t[b * in + place[lane] + lane];
    });
  });
}

inline void pool_scatter(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* g, float* d) {
  const int64_t in = p.rows.in * p.columns.in * p.channels_in;
  const int64_t out = p.rows.out * p.columns.out * p.channels_in;
  parallel_for(pool, p.batch, [&](int64_t b) {
    std::memset(d + b * in, 0, in * sizeof(float));
    over_windows(p, x + b * in, [&](int64_t from, Vector, auto place, int lanes) {
      for (int lane = 0; lane < lanes; ++lane) d[b * in + place[lane] + lane] += g[b * out + from + lane];
    });
  });
}

}  // namespace nn_zoo
