// The gradient in the kernel, for images that are not dilated.
//
// g[i, j, c, o] = sum_{b, h, w} x[b, h s - p + i d, w s - p + j d, c] dy[b, h, w, o]
//
// A tile of sums, neighbouring inputs x vectors of channels, stays in registers while a band of pixels passes.
#pragma once

#include <array>

#include "forward.h"

namespace nn_zoo {

// Pixels of some images: counts, and steps of floats from one to the next.
struct Pixels {
  const float* at;
  int64_t image, row, column;
};

// sum[r, v] += sum over the pixels of x[r] dy[v], for R neighbouring inputs and V vectors of channels.
template <int R, int V>
void gradient_tile(const int64_t (&count)[3], Pixels x, Pixels dy, float* sums) {
  Vector sum[R][V];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) sum[r][v] = load(sums + (r * V + v) * LANES);
  for (int64_t b = 0; b < count[0]; ++b)
    for (int64_t h = 0; h < count[1]; ++h) {
      const float *in = x.at + b * x.image + h * x.row, *out = dy.at + b * dy.image + h * dy.row;
      for (int64_t w = 0; w < count[2]; ++w, in += x.column, out += dy.column)
        add_products(sum, out, [&](int r) { return in[r]; });
    }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) store(sums + (r * V + v) * LANES, sum[r][v]);
}

using GradientTile = void (*)(const int64_t (&)[3], Pixels, Pixels, float*);

template <int V>
constexpr int widest = std::min(16, SUMS / V);

template <int V, int... R>
constexpr std::array<GradientTile, sizeof...(R)> gradient_tiles(std::integer_sequence<int, R...>) {
  return {gradient_tile<R + 1, V>...};
}

template <int V>
void gradient_run(int64_t length, const int64_t (&count)[3], Pixels x, Pixels dy, float* sums) {
  static constexpr auto tiles = gradient_tiles<V>(std::make_integer_sequence<int, widest<V>>{});
  for (int64_t left = length, parts = ceil_div(length, widest<V>); parts; --parts) {
    const int64_t now = ceil_div(left, parts);
    tiles[now - 1](count, x, dy, sums);
    x.at += now, sums += now * V * LANES, left -= now;
  }
}

// Many pixels a tile, since its sums are loaded and stored each time, and as many as stay in cache.
Bands gradient_bands(const Problem& p, int64_t row_floats, int64_t dy_floats) {
  const int64_t row = p.rows.step() * row_floats + dy_floats;
  const int64_t rows = std::clamp<int64_t>(GRADIENT_FLOATS / row, 1, p.rows.out);
  const int64_t images = std::max(GRADIENT_FLOATS / (row * rows), 64 / (p.rows.out * p.columns.out));
  return {rows < p.rows.out ? 1 : std::clamp<int64_t>(images, 1, p.batch), rows, 0};
}

// The channels first ... first + full - 1 of some rows of dy, where needed with zeros up to a whole block.
Pixels whole_vectors(const float* dy, const Problem& p, int64_t b, int64_t h, const int64_t (&count)[3],
                     int64_t first, int64_t full, int64_t block) {
  const int64_t row = p.columns.out * p.channels_out, image = p.rows.out * row;
  const float* from = dy + b * image + h * row + first;
  if (full == block) return {from, image, row, p.channels_out};
  float* to = output_scratch.floats(count[0] * count[1] * count[2] * block);
  const Pixels copy{to, count[1] * count[2] * block, count[2] * block, block};
  for (int64_t b = 0; b < count[0]; ++b)
    for (int64_t n = 0; n < count[1] * count[2]; ++n, to += block)
      for (int64_t lane = 0; lane < block; lane += LANES)
        store(to + lane, load(from + b * image + n * p.channels_out + lane, static_cast<int>(full - lane)));
  return copy;
}

// sum[r] += sum over the pixels of x[offset[r]] dy, for R taps of a vector of channels.
template <int R>
void depthwise_gradient_tile(const int64_t (&count)[3], Pixels x, Pixels dy, const Run* taps, float* sums) {
  Vector sum[R];
  for (int r = 0; r < R; ++r) sum[r] = load(sums + r * LANES);
  for (int64_t b = 0; b < count[0]; ++b)
    for (int64_t h = 0; h < count[1]; ++h) {
      const float *in = x.at + b * x.image + h * x.row, *out = dy.at + b * dy.image + h * dy.row;
      for (int64_t w = 0; w < count[2]; ++w, in += x.column, out += dy.column) {
        const Vector d = load(out);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) sum[r] += load(in + taps[r].x) * d;
      }
    }
  for (int r = 0; r < R; ++r) store(sums + r * LANES, sum[r]);
}

template <int... R>
void depthwise_gradient_row(int64_t length, const int64_t (&count)[3], Pixels x, Pixels dy, const Run* taps,
                            float* sums, std::integer_sequence<int, R...>) {
  constexpr int widest = sizeof...(R);
  static constexpr std::array tiles = {depthwise_gradient_tile<R + 1>...};
  for (int64_t left = length, parts = ceil_div(length, widest); parts; --parts) {
    const int64_t now = ceil_div(left, parts);
    tiles[now - 1](count, x, dy, taps, sums);
    taps += now, sums += now * LANES, left -= now;
  }
}

// Sums of a part of the batch, one block of output channels after the other: visit(block, count, in, out).
template <typename Visit>
void over_bands(const Problem& p, int64_t first, int64_t end, int64_t block, int64_t from, int64_t to,
                const float* x, const float* dy, Visit visit) {
  const auto row_phases = phases(p.rows), column_phases = phases(p.columns);
  const Range columns = touched(p.columns, column_phases, 0, p.columns.out);
  const int64_t row_floats = columns.size() * p.channels_in;
  const Bands cut = gradient_bands(p, row_floats, p.columns.out * block);
  const int64_t outs = p.depthwise() ? p.channels_out : p.group_out(), per_group = ceil_div(outs, block);
  for (int64_t b = first; b < end; b += cut.images)
    for (int64_t h = 0; h < p.rows.out; h += cut.rows) {
      const int64_t count[3] = {std::min(cut.images, end - b), std::min(cut.rows, p.rows.out - h),
                                p.columns.out};
      const Range rows = touched(p.rows, row_phases, h, count[1]);
      const float* image = copied(x, p, b, count[0], rows, columns) +
                           (h * p.rows.step() - rows.begin) * row_floats - columns.begin * p.channels_in;
      for (int64_t n = from; n < to; ++n) {
        const int64_t g = n / per_group, o = n % per_group * block;
        const Pixels in{image + (p.depthwise() ? o : g * p.group_in()), rows.size() * row_floats,
                        p.rows.step() * row_floats, p.columns.step() * p.channels_in};
        visit(n, count, in, whole_vectors(dy, p, b, h, count, g * outs + o, std::min(block, outs - o), block));
      }
    }
}

template <int V>
void gradient(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* dy, float* g) {
  const Range columns = touched(p.columns, phases(p.columns), 0, p.columns.out);
  const auto taps = runs(p, phases(p.rows)[0], phases(p.columns)[0], columns.size());
  const int64_t groups = V == DEPTHWISE ? 1 : p.groups, outs = p.channels_out / groups;
  const int64_t block = std::max(V, 1) * LANES, per_group = ceil_div(outs, block), blocks = groups * per_group;
  const int64_t packed_rows = p.rows.taps * p.columns.taps * p.group_in(), size = packed_rows * block;
  // Sums over parts of the batch and of the blocks; how many is the problem's, not the machine's, so that results
  // are the same, bit for bit, whatever the number of threads.
  const int64_t parts = std::clamp<int64_t>(V == DEPTHWISE ? 16 : 32 / blocks, 1, p.batch);
  const int64_t together = V == DEPTHWISE ? blocks : 1, pieces = blocks / together;
  float* partial = kernel_scratch.floats(parts * blocks * size);

  parallel_for(pool, parts * pieces, [&, partial](int64_t item) {
    const int64_t part = item / pieces, piece = item % pieces * together;
    float* all = partial + part * blocks * size;
    std::memset(all + piece * size, 0, together * size * sizeof(float));
    over_bands(p, part * p.batch / parts, (part + 1) * p.batch / parts, block, piece, piece + together, x, dy,
               [&](int64_t n, const int64_t(&count)[3], Pixels in, Pixels out) {
                 float* sums = all + n * size;
                 if constexpr (V == DEPTHWISE) {
                   depthwise_gradient_row(packed_rows, count, in, out, taps.data(), sums,
                                          std::make_integer_sequence<int, 10>{});
                 } else {
                   for (const Run& run : taps) {
                     const Pixels from{in.at + run.x, in.image, in.row, in.column};
                     gradient_run<V>(run.length, count, from, out, sums + run.kernel * block);
                   }
                 }
               });
  });

  parallel_for(pool, blocks, [&, partial](int64_t n) {
    const int64_t group = n / per_group, o = n % per_group * block;
    for (int64_t row = 0; row < packed_rows; ++row)
      for (int64_t lane = 0; lane < std::min(block, outs - o); ++lane) {
        float sum = 0;
        for (int64_t part = 0; part < parts; ++part)
          sum += partial[(part * blocks + n) * size + row * block + lane];
        g[(row * groups + group) * outs + o + lane] = sum;
      }
  });
}

void kernel_gradient(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* dy, float* g) {
  if (p.depthwise()) return gradient<DEPTHWISE>(pool, p, x, dy, g);
  if (p.group_out() <= LANES) return gradient<1>(pool, p, x, dy, g);
  if (const int64_t vectors = ceil_div(p.group_out(), LANES); vectors % 2 && vectors % 3 == 0)
    return gradient<3>(pool, p, x, dy, g);
  gradient<2>(pool, p, x, dy, g);
}

}  // namespace nn_zoo
