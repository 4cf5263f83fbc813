// The convolution itself.
//
// A tile of outputs, pixels x vectors of channels, stays in registers while taps and input channels are summed, so
// that each load feeds several multiplications. Images are copied, a few rows at a time, into scratch that holds
// the padding and stays in cache.
#pragma once

#include <array>

#include "geometry.h"

namespace nn_zoo {

// y[p, v] = sum over runs of x[p] kernel[v], for P pixels and V vectors of channels.
template <int P, int V>
void forward_tile(const float* x, int64_t x_step, const std::vector<Run>& runs, const float* kernel,
                  float* y, int64_t y_step, int64_t channels) {
  Vector sum[P][V] = {};
  for (const Run& run : runs) {
    const float* in = x + run.x;
    const float* weights = kernel + run.kernel * V * LANES;
    for (int64_t c = 0; c < run.length; ++c, weights += V * LANES)
      add_products(sum, weights, [&](int p) { return in[p * x_step + c]; });
  }
  for (int p = 0; p < P; ++p)
    for (int v = 0; v < V; ++v)
      store(y + p * y_step + v * LANES, sum[p][v], static_cast<int>(channels - v * LANES));
}

// The same where each channel has a kernel of its own: x is a vector of channels, and so is y.
template <int P>
void depthwise_tile(const float* x, int64_t x_step, const std::vector<Run>& runs, const float* kernel,
                    float* y, int64_t y_step, int64_t channels) {
  Vector sum[P] = {};
  for (const Run& run : runs) {
    const Vector w = load(kernel + run.kernel * LANES);
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p) sum[p] += load(x + run.x + p * x_step) * w;
  }
  for (int p = 0; p < P; ++p) store(y + p * y_step, sum[p], static_cast<int>(channels));
}

using ForwardTile = void (*)(const float*, int64_t, const std::vector<Run>&, const float*, float*, int64_t,
                             int64_t);

constexpr int DEPTHWISE = 0;  // in place of a number of vectors

// The most pixels of a tile with V vectors.
template <int V>
constexpr int most = std::min(14, SUMS / std::max(V, 1));

template <int V, int... P>
constexpr std::array<ForwardTile, sizeof...(P)> forward_tiles(std::integer_sequence<int, P...>) {
  if constexpr (V == DEPTHWISE) return {depthwise_tile<P + 1>...};
  else return {forward_tile<P + 1, V>...};
}

template <int V>
void forward_row(int64_t pixels, const float* x, int64_t x_step, const std::vector<Run>& runs,
                 const float* kernel, float* y, int64_t y_step, int64_t channels) {
  static constexpr auto tiles = forward_tiles<V>(std::make_integer_sequence<int, most<V>>{});
  for (int64_t left = pixels, parts = ceil_div(pixels, most<V>); parts; --parts) {
    const int64_t now = ceil_div(left, parts);
    tiles[now - 1](x, x_step, runs, kernel, y, y_step, channels);
    x += now * x_step, y += now * y_step, left -= now;
  }
}

// kernel[tap, c, o] -> packed[group, block of outputs, tap, c, output of the block], zero where a block is not full.
void pack(const float* kernel, int64_t rows, int64_t groups, int64_t outs, int64_t block, float* packed) {
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t o = 0; o < outs; o += block)
      for (int64_t row = 0; row < rows; ++row, packed += block) {
        const int64_t full = std::min(block, outs - o);
        std::memcpy(packed, kernel + (row * groups + g) * outs + o, full * sizeof(float));
        std::memset(packed + full, 0, (block - full) * sizeof(float));
      }
}

Bands forward_bands(const Problem& p, int64_t outputs, int64_t row_floats, int64_t threads) {
  const int64_t step = std::max<int64_t>(1, p.rows.step() * row_floats);
  const int64_t rows = std::clamp<int64_t>(BAND_FLOATS / step, 1, outputs);
  const int64_t spare = BAND_FLOATS / (step * outputs), share = p.batch / (4 * threads);
  return {std::clamp<int64_t>(spare, 1, std::max<int64_t>(1, share)), rows, ceil_div(outputs, rows)};
}

template <int V>
void forward(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* kernel, float* y) {
  const auto row_phases = phases(p.rows), column_phases = phases(p.columns);
  const int64_t outputs = row_phases[0].count;
  const Range columns = touched(p.columns, column_phases, 0, column_phases[0].count);
  const int64_t groups = V == DEPTHWISE ? 1 : p.groups, outs = p.channels_out / groups;
  const int64_t block = std::max(V, 1) * LANES, blocks = ceil_div(outs, block);
  const int64_t packed_rows = p.rows.taps * p.columns.taps * p.group_in();
  float* packed = kernel_scratch.floats(groups * blocks * packed_rows * block);
  pack(kernel, packed_rows, groups, outs, block, packed);

  const int64_t row_floats = columns.size() * p.channels_in, x_step = p.columns.step() * p.channels_in;
  std::vector<std::vector<Run>> taps;
  for (const Phase& row : row_phases)
    for (const Phase& column : column_phases) taps.push_back(runs(p, row, column, columns.size()));
  const Bands cut = forward_bands(p, outputs, row_floats, Threads(pool).count());

  parallel_for(pool, ceil_div(p.batch, cut.images) * cut.per_image, [&, packed](int64_t item) {
    const int64_t b0 = item / cut.per_image * cut.images, b1 = std::min(b0 + cut.images, p.batch);
    const int64_t m0 = item % cut.per_image * cut.rows, m1 = std::min(m0 + cut.rows, outputs);
    const Range rows = touched(p.rows, row_phases, m0, m1 - m0);
    const int64_t image_floats = rows.size() * row_floats;
    const float* images = copied(x, p, b0, b1 - b0, rows, columns);
    for (int64_t part = 0; part < groups * blocks; ++part) {
      const int64_t g = part / blocks, o = part % blocks * block;
      const int64_t first_in = V == DEPTHWISE ? o : g * p.group_in();
      for (int64_t b = b0; b < b1; ++b)
        for (size_t r = 0; r < row_phases.size(); ++r)
          for (int64_t m = m0; m < std::min(m1, row_phases[r].count); ++m)
            for (size_t c = 0; c < column_phases.size(); ++c) {
              const int64_t h = row_phases[r].first + m * p.rows.inner, w = column_phases[c].first;
              const float* in = images + (b - b0) * image_floats + first_in +
                                (m * p.rows.step() - rows.begin) * row_floats - columns.begin * p.channels_in;
              float* out = y + ((b * p.rows.out + h) * p.columns.out + w) * p.channels_out + g * outs + o;
              forward_row<V>(column_phases[c].count, in, x_step, taps[r * column_phases.size() + c],
                             packed + part * packed_rows * block, out, p.columns.inner * p.channels_out,
                             outs - o);
            }
    }
  });
}

void convolution(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* kernel, float* y) {
  if (p.depthwise()) return forward<DEPTHWISE>(pool, p, x, kernel, y);
  const int64_t vectors = ceil_div(p.group_out(), LANES);
  if (vectors == 1) return forward<1>(pool, p, x, kernel, y);
  if (vectors % 4 == 0) return forward<4>(pool, p, x, kernel, y);
  forward<2>(pool, p, x, kernel, y);
}

}  // namespace nn_zoo
