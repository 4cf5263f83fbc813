// The convolution itself.
//
// A tile of outputs, pixels x vectors of channels, stays in registers while taps and input channels are summed, so
// that each load feeds several multiplications. Images are copied, a few rows at a time, into scratch that holds
// the padding and stays in cache.
#pragma once

#include <array>

#include "geometry.h"

namespace nn_zoo {

// Neighbouring outputs of a row: their inputs, x_step apart; the kernel, of so many rows; so many channels of y are left.
struct Line {
  const float* x;
  int64_t x_step;
  const std::vector<Run>& taps;
  const float* kernel;
  int64_t kernel_rows;
  float* y;
  int64_t y_step, channels;
};

// y[p, v] = sum over runs of x[p] kernel[v], for P pixels and V vectors of channels.
template <int P, int V>
void forward_tile(const Line& line) {
  Vector sum[P][V] = {};
  for (const Run& run : line.taps) {
    const float* in = line.x + run.x;
    const float* weights = line.kernel + run.kernel * V * LANES;
    for (int64_t c = 0; c < run.length; ++c, weights += V * LANES)
      add_products(sum, weights, [&](int p) { return in[p * line.x_step + c]; });
  }
  for (int p = 0; p < P; ++p)
    for (int v = 0; v < V; ++v)
      store(line.y + p * line.y_step + v * LANES, sum[p][v], static_cast<int>(line.channels - v * LANES));
}

// The same where each channel has a kernel of its own: x is a vector of channels, and so is y.
template <int P>
void depthwise_tile(const Line& line) {
  Vector sum[P] = {};
  for (const Run& run : line.taps) {
    const Vector w = load(line.kernel + run.kernel * LANES);
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p) sum[p] += load(line.x + run.x + p * line.x_step) * w;
  }
  for (int p = 0; p < P; ++p) store(line.y + p * line.y_step, sum[p], static_cast<int>(line.channels));
}

// The same for O channels, less than a vector: vectors lie along the inputs of a run.
template <int P, int O>
void few_tile(const Line& line) {
  Vector sum[P][O] = {};
  for (const Run& run : line.taps)
    for (int64_t c = 0; c < run.length; c += LANES) {
      const int lanes = static_cast<int>(run.length - c);
      Vector w[O];
      for (int o = 0; o < O; ++o) w[o] = load(line.kernel + o * line.kernel_rows + run.kernel + c, lanes);
#pragma GCC unroll 32
      for (int p = 0; p < P; ++p) {
        const Vector in = load(line.x + run.x + p * line.x_step + c, lanes);
        for (int o = 0; o < O; ++o) sum[p][o] += in * w[o];
      }
    }
  for (int p = 0; p < P; ++p)
    for (int o = 0; o < O; ++o) line.y[p * line.y_step + o] = total(sum[p][o]);
}

using ForwardTile = void (*)(const Line&);

// In place of a number of vectors: DEPTHWISE, or -O for `few_tile` of O channels.
constexpr int DEPTHWISE = 0;
constexpr int64_t FEW = 4;

// Channels of y that a tile computes.
template <int V>
constexpr int64_t block_of_channels = V < 0 ? -V : std::max(V, 1) * LANES;

// The most pixels of a tile.
template <int V>
constexpr int most = std::min(14, SUMS / std::max(V < 0 ? -V : V, 1));

template <int V, int... P>
constexpr std::array<ForwardTile, sizeof...(P)> forward_tiles(std::integer_sequence<int, P...>) {
  if constexpr (V == DEPTHWISE) return {depthwise_tile<P + 1>...};
  else if constexpr (V < 0) return {few_tile<P + 1, -V>...};
  else return {forward_tile<P + 1, V>...};
}

template <int V>
void forward_line(int64_t pixels, Line line) {
  static constexpr auto tiles = forward_tiles<V>(std::make_integer_sequence<int, most<V>>{});
  for (int64_t left = pixels, parts = ceil_div(pixels, most<V>); parts; --parts) {
    const int64_t now = ceil_div(left, parts);
    tiles[now - 1](line);
    line.x += now * line.x_step, line.y += now * line.y_step, left -= now;
  }
}

// kernel[tap, c, o] -> packed[group, block of outputs, tap, c, output of the block], zero where a block is not full; the
// output comes before the tap if they are few.
template <int V>
void pack(const float* kernel, int64_t rows, int64_t groups, int64_t outs, float* packed) {
  constexpr int64_t block = block_of_channels<V>;
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t o = 0; o < outs; o += block)
      for (int64_t row = 0; row < rows; ++row) {
        const float* from = kernel + (row * groups + g) * outs + o;
        if constexpr (V < 0) {
          for (int64_t i = 0; i < block; ++i) packed[(g * block + i) * rows + row] = from[i];
        } else {
          const int64_t full = std::min(block, outs - o);
          std::memcpy(packed, from, full * sizeof(float));
          std::memset(packed + full, 0, (block - full) * sizeof(float));
          packed += block;
        }
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
  const int64_t block = block_of_channels<V>, blocks = ceil_div(outs, block);
  const int64_t packed_rows = p.rows.taps * p.columns.taps * p.group_in();
  float* packed = kernel_scratch.floats(groups * blocks * packed_rows * block);
  pack<V>(kernel, packed_rows, groups, outs, packed);

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
              forward_line<V>(column_phases[c].count,
                              {in, x_step, taps[r * column_phases.size() + c], packed + part * packed_rows * block,
                               packed_rows, out, p.columns.inner * p.channels_out, outs - o});
            }
    }
  });
}

template <int... O>
void few_outputs(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* kernel, float* y,
                 std::integer_sequence<int, O...>) {
  ((p.group_out() == O + 1 ? forward<-O - 1>(pool, p, x, kernel, y) : void()), ...);
}

void convolution(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* kernel, float* y) {
  if (p.depthwise()) return forward<DEPTHWISE>(pool, p, x, kernel, y);
  if (p.group_out() <= FEW && p.group_in() >= LANES)
    return few_outputs(pool, p, x, kernel, y, std::make_integer_sequence<int, FEW>{});
  const int64_t vectors = ceil_div(p.group_out(), LANES);
  if (vectors == 1) return forward<1>(pool, p, x, kernel, y);
  if (vectors % 4 == 0) return forward<4>(pool, p, x, kernel, y);
  if (vectors % 2 && vectors % 3 == 0) return forward<3>(pool, p, x, kernel, y);
  forward<2>(pool, p, x, kernel, y);
}

}  // namespace nn_zoo
