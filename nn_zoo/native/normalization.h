// Batch normalization of rows of channels, limited to a range, and its gradient; equations in nn_zoo/ops/normalization.py.
//
// Each way has two passes: one that sums over the rows, one that writes. Sums are made of strips of rows that stay in the
// first cache, each about its own mean, so that a mean far from zero costs no digits; strips do not depend on the threads.
#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "parallel.h"
#include "vector.h"

namespace nn_zoo {

struct Rows {
  int64_t count, channels;
  int64_t vectors() const { return ceil_div(channels, LANES); }
  int64_t strip() const { return std::clamp<int64_t>(4096 / channels, 8, 512); }
  int64_t strips() const { return ceil_div(count, strip()); }
};

// By channel, with zeros up to whole vectors.
using Channels = std::vector<float>;

inline Channels whole(const float* values, int64_t channels) {
  Channels all(ceil_div(channels, LANES) * LANES);
  std::copy_n(values, channels, all.begin());
  return all;
}

inline Vector minimum(Vector a, Vector b) { return a < b ? a : b; }
inline Vector maximum(Vector a, Vector b) { return a > b ? a : b; }

// Calls visit(vector, lanes) for every vector of channels.
template <typename Visit>
inline void each_vector(const Rows& rows, Visit visit) {
  for (int64_t v = 0; v < rows.vectors(); ++v)
    visit(v * LANES, static_cast<int>(std::min<int64_t>(LANES, rows.channels - v * LANES)));
}

// A task has some neighbouring strips: run(strip, first row, rows of it).
template <typename Run>
inline void over_strips(ffi::ThreadPool& pool, const Rows& rows, Run run) {
  constexpr int64_t TOGETHER = 8;
  parallel_for(pool, ceil_div(rows.strips(), TOGETHER), [&](int64_t task) {
    for (int64_t n = task * TOGETHER; n < std::min((task + 1) * TOGETHER, rows.strips()); ++n)
      run(n, n * rows.strip(), std::min(rows.strip(), rows.count - n * rows.strip()));
  });
}

// The sum of value(row) over rows 0 ... count - 1, in four sums so that additions need not wait for each other.
template <int SUMMED, typename Value>
inline std::array<Vector, SUMMED> sums(int64_t count, Value value) {
  Vector sum[4][SUMMED] = {};
  int64_t row = 0;
  for (; row + 4 <= count; row += 4)
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) value(row + i, sum[i]);
  for (; row < count; ++row) value(row, sum[0]);
  std::array<Vector, SUMMED> all;
  for (int n = 0; n < SUMMED; ++n) all[n] = (sum[0][n] + sum[1][n]) + (sum[2][n] + sum[3][n]);
  return all;
}

// Two sums of each strip by channel, [strips, 2, channels].
class Strips {
 public:
  explicit Strips(const Rows& rows)
      : rows_(rows), size_(rows.vectors() * LANES), values_(rows.strips() * 2 * size_) {}
  void set(int64_t strip, int64_t channel, const std::array<Vector, 2>& pair) {
    for (int n = 0; n < 2; ++n) store(&values_[(2 * strip + n) * size_ + channel], pair[n]);
  }
  // Calls merge(rows of the strip, first sums, second sums), strip after strip.
  template <typename Merge>
  void merged(Merge merge) const {
    for (int64_t n = 0; n < rows_.strips(); ++n) {
      const float* first = &values_[2 * n * size_];
      merge(std::min(rows_.strip(), rows_.count - n * rows_.strip()), first, first + size_);
    }
  }

 private:
  Rows rows_;
  int64_t size_;
  std::vector<float> values_;
};

// Mean and variance of each channel.
inline void moments(ffi::ThreadPool& pool, const Rows& rows, const float* x, float* mean, float* variance) {
  Strips strips(rows);
  over_strips(pool, rows, [&](int64_t strip, int64_t first, int64_t count) {
    each_vector(rows, [&](int64_t c, int lanes) {
      const float* from = x + first * rows.channels + c;
      const auto at = [&](int64_t row) { return load(from + row * rows.channels, lanes); };
      const Vector own = sums<1>(count, [&](int64_t row, Vector* sum) { sum[0] += at(row); })[0] / float(count);
      const auto squares = sums<1>(count, [&](int64_t row, Vector* sum) {
        const Vector away = at(row) - own;
        sum[0] += away * away;
      });
      strips.set(strip, c, {own, squares[0]});
    });
  });
  // Chan, Golub & LeVeque 1979: means and squares of two groups give those of both.
  std::vector<double> center(rows.channels), squares(rows.channels);
  double seen = 0;
  strips.merged([&](int64_t count, const float* own, const float* about_own) {
    const double part = count / (seen + count), between = seen * part;
    for (int64_t c = 0; c < rows.channels; ++c) {
      const double away = own[c] - center[c];
      squares[c] += about_own[c] + away * away * between;
      center[c] += away * part;
    }
    seen += count;
  });
  for (int64_t c = 0; c < rows.channels; ++c) mean[c] = center[c], variance[c] = squares[c] / seen;
}

struct Normalization {
  Rows rows;
  float low, high;
  Channels mean, inverse, scale, bias;
  Normalization(Rows rows, float epsilon, float low, float high, const float* mean, const float* variance,
                const float* scale, const float* bias)
      : rows(rows), low(low), high(high), mean(whole(mean, rows.channels)), inverse(whole(variance, rows.channels)),
        scale(whole(scale, rows.channels)), bias(whole(bias, rows.channels)) {
    for (float& value : inverse) value = 1 / std::sqrt(value + epsilon);
  }
};

// Calls entry(place, channel, lanes) for every vector of the rows, in the order of memory.
template <typename Entry>
inline void each_entry(ffi::ThreadPool& pool, const Rows& rows, Entry entry) {
  over_strips(pool, rows, [&](int64_t, int64_t first, int64_t count) {
    for (int64_t row = first; row < first + count; ++row)
      each_vector(rows, [&](int64_t c, int lanes) { entry(row * rows.channels + c, c, lanes); });
  });
}

// With ADDED there is something to be added to what is normalized, before the limits.
template <bool ADDED>
void normalize(ffi::ThreadPool& pool, const Normalization& f, const float* x, const float* added, float* y) {
  const Vector low = f.low - Vector{}, high = f.high - Vector{};
  each_entry(pool, f.rows, [&](int64_t at, int64_t c, int lanes) {
    const Vector centered = load(x + at, lanes) - load(&f.mean[c]);
    Vector z = centered * (load(&f.inverse[c]) * load(&f.scale[c])) + load(&f.bias[c]);
    if (ADDED) z += load(added + at, lanes);
    store(y + at, minimum(maximum(z, low), high), lanes);
  });
}

// h is x normalized, without scale and bias; g is dy where y is not limited, else 0:
//   dbias = sum g,   dscale = sum g h,   dx = scale inverse (g - dbias / count - h dscale / count),   dadded = g
template <bool ADDED>
void normalize_backward(ffi::ThreadPool& pool, const Normalization& f, const float* x, const float* dy, const float* added,
                        float* dx, float* dscale, float* dbias, float* dadded) {
  const Vector low = f.low - Vector{}, high = f.high - Vector{}, zero{};
  const auto normalized = [&](int64_t at, int64_t c, int lanes) {
    return (load(x + at, lanes) - load(&f.mean[c])) * load(&f.inverse[c]);
  };
  const auto limited = [&](int64_t at, int64_t c, int lanes, Vector h) {
    Vector z = h * load(&f.scale[c]) + load(&f.bias[c]);
    if (ADDED) z += load(added + at, lanes);
    const Vector g = load(dy + at, lanes);
    return (z > low) & (z < high) ? g : zero;
  };
  Strips strips(f.rows);
  over_strips(pool, f.rows, [&](int64_t strip, int64_t first, int64_t count) {
    each_vector(f.rows, [&](int64_t c, int lanes) {
      strips.set(strip, c, sums<2>(count, [&](int64_t row, Vector* sum) {
        const int64_t at = (first + row) * f.rows.channels + c;
        const Vector h = normalized(at, c, lanes), g = limited(at, c, lanes, h);
        if (ADDED) store(dadded + at, g, lanes);
        sum[0] += g, sum[1] += g * h;
      }));
    });
  });
  std::vector<double> g(f.rows.channels), gh(f.rows.channels);
  strips.merged([&](int64_t, const float* own_g, const float* own_gh) {
    for (int64_t c = 0; c < f.rows.channels; ++c) g[c] += own_g[c], gh[c] += own_gh[c];
  });
  Channels mean_g(f.mean.size()), mean_gh(f.mean.size());
  for (int64_t c = 0; c < f.rows.channels; ++c) {
    dbias[c] = g[c], dscale[c] = gh[c];
    mean_g[c] = g[c] / f.rows.count, mean_gh[c] = gh[c] / f.rows.count;
  }
  each_entry(pool, f.rows, [&](int64_t at, int64_t c, int lanes) {
    const Vector h = normalized(at, c, lanes), g = ADDED ? load(dadded + at, lanes) : limited(at, c, lanes, h);
    const Vector left = g - load(&mean_g[c]) - h * load(&mean_gh[c]);
    store(dx + at, left * (load(&f.scale[c]) * load(&f.inverse[c])), lanes);
  });
}

}  // namespace nn_zoo
