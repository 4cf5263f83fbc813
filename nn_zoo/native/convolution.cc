// Direct convolution of NHWC images on a CPU, for floats.
//
// Equation, strides s, dilation of the images L and of the kernel d, low padding p (rows alike, columns alike):
//   y[b, h, w, o] = sum_{i, j, c} x[b, (h s - p + i d) / L, ...] kernel[i, j, c, o]   where L divides, else 0
// and the kernel's gradient, for L = 1:
//   g[i, j, c, o] = sum_{b, h, w} x[b, h s - p + i d, ..., c] dy[b, h, w, o]
//
// A tile of outputs (pixels x vectors of channels) stays in registers while taps and input channels are summed, so
// that each load feeds several multiplications. Images are copied, a few rows at a time, into scratch that holds
// the padding and stays in cache. Sums are cut in the same way whatever the number of threads: results are the
// same, bit for bit.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "parallel.h"
#include "vector.h"

namespace nn_zoo {
namespace {

// Scratch of images, which is to stay in the second cache.
#ifndef BF
#define BF 64
#define GF 8
#endif
constexpr int64_t BAND_FLOATS = BF * 1024, GRADIENT_FLOATS = GF * 1024;

struct Axis {
  int64_t in, out, taps, stride, low, inner, spread;
  int64_t step() const { return inner == 1 ? stride : 1; }
};

struct Problem {
  int64_t batch, groups, channels_in, channels_out;  // channels of all groups
  Axis rows, columns;
  int64_t group_in() const { return channels_in / groups; }
  int64_t group_out() const { return channels_out / groups; }
};

// Outputs first, first + inner, ... of an axis meet the same taps: `tap` at input position * step + offset.
struct Phase {
  int64_t first, count;
  std::vector<std::pair<int64_t, int64_t>> taps;  // tap, offset
};

std::vector<Phase> phases(const Axis& axis) {
  std::vector<Phase> all;
  for (int64_t r = 0; r < std::min(axis.inner, axis.out); ++r) {
    Phase phase{r, ceil_div(axis.out - r, axis.inner), {}};
    for (int64_t i = 0; i < axis.taps; ++i) {
      const int64_t position = r - axis.low + i * axis.spread;
      if (position % axis.inner == 0) phase.taps.push_back({i, position / axis.inner});
    }
    all.push_back(std::move(phase));
  }
  return all;
}

// Input positions that outputs first ... first + count - 1 (in steps of a phase) may touch: [begin, end).
struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

Range touched(const Axis& axis, const std::vector<Phase>& all, int64_t first, int64_t count) {
  Range range{INT64_MAX, INT64_MIN};
  for (const Phase& phase : all) {
    const int64_t last = std::min(first + count, phase.count) - 1;
    if (last < first) continue;
    for (auto [tap, offset] : phase.taps) {
      range.begin = std::min(range.begin, first * axis.step() + offset);
      range.end = std::max(range.end, last * axis.step() + offset + 1);
    }
  }
  return range.begin > range.end ? Range{0, 0} : range;
}

// Copies rows x columns of an image, zero outside of it.
void copy_padded(const float* image, const Problem& p, Range rows, Range columns, float* to) {
  const int64_t channels = p.channels_in;
  const int64_t begin = std::clamp<int64_t>(0, columns.begin, columns.end);
  const int64_t end = std::clamp<int64_t>(p.columns.in, begin, columns.end);
  for (int64_t h = rows.begin; h < rows.end; ++h, to += columns.size() * channels) {
    const bool inside = h >= 0 && h < p.rows.in;
    const int64_t left = inside ? (begin - columns.begin) * channels : columns.size() * channels;
    std::memset(to, 0, left * sizeof(float));
    if (!inside) continue;
    const int64_t middle = (end - begin) * channels, right = (columns.end - end) * channels;
    std::memcpy(to + left, image + (h * p.columns.in + begin) * channels, middle * sizeof(float));
    std::memset(to + left + middle, 0, right * sizeof(float));
  }
}

// `length` neighbouring inputs of a pixel, and the same number of rows of the packed kernel.
struct Run {
  int64_t x, kernel, length;
};

// Taps as runs: neighbours in a kernel's row that are neighbours in memory are one.
std::vector<Run> runs(const Problem& p, const Phase& row, const Phase& column, int64_t width) {
  const int64_t group = p.group_in();
  std::vector<Run> all;
  for (auto [i, y] : row.taps)
    for (auto [j, x] : column.taps) {
      const Run run{(y * width + x) * p.channels_in, (i * p.columns.taps + j) * group, group};
      Run* last = all.empty() ? nullptr : &all.back();
      if (last && last->x + last->length == run.x && last->kernel + last->length == run.kernel)
        last->length += group;
      else
        all.push_back(run);
    }
  return all;
}

// y[p, v] = sum over runs of x[p] kernel[v], for P pixels and V vectors of channels.
template <int P, int V>
void forward_tile(const float* x, int64_t x_step, const std::vector<Run>& runs, const float* kernel,
                  float* y, int64_t y_step, int64_t channels) {
  Vector sum[P][V] = {};
  for (const Run& run : runs) {
    const float* in = x + run.x;
    const float* weights = kernel + run.kernel * V * LANES;
    for (int64_t c = 0; c < run.length; ++c, weights += V * LANES) {
      Vector w[V];
      for (int v = 0; v < V; ++v) w[v] = load(weights + v * LANES);
#pragma GCC unroll 32
      for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sum[p][v] += in[p * x_step + c] * w[v];
    }
  }
  for (int p = 0; p < P; ++p)
    for (int v = 0; v < V; ++v)
      store(y + p * y_step + v * LANES, sum[p][v], static_cast<int>(channels - v * LANES));
}

using ForwardTile = void (*)(const float*, int64_t, const std::vector<Run>&, const float*, float*, int64_t,
                             int64_t);

// The most pixels of a tile with V vectors.
template <int V>
constexpr int most = std::min(14, SUMS / V);

template <int V, int... P>
constexpr std::array<ForwardTile, sizeof...(P)> forward_tiles(std::integer_sequence<int, P...>) {
  return {forward_tile<P + 1, V>...};
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

int vectors(int64_t channels) {
  const int64_t needed = ceil_div(channels, LANES);
  return needed == 1 ? 1 : needed == 2 || needed % 4 != 0 ? 2 : 4;
}

// kernel[tap, c, o] -> packed[group, block of outputs, tap, c, output of the block], zero where a block is not full.
void pack(const float* kernel, const Problem& p, int64_t block, float* packed) {
  const int64_t rows = p.rows.taps * p.columns.taps * p.group_in(), outs = p.group_out();
  for (int64_t g = 0; g < p.groups; ++g)
    for (int64_t o = 0; o < outs; o += block)
      for (int64_t row = 0; row < rows; ++row, packed += block) {
        const int64_t full = std::min(block, outs - o);
        std::memcpy(packed, kernel + row * p.channels_out + g * outs + o, full * sizeof(float));
        std::memset(packed + full, 0, (block - full) * sizeof(float));
      }
}

thread_local Scratch kernel_scratch, image_scratch, output_scratch;

// How the rows of images are cut: `images` whole ones together, or `rows` of one.
// Both axes of images b ... b + count - 1, copied with their padding.
const float* copied(const float* x, const Problem& p, int64_t b, int64_t count, Range rows, Range columns) {
  const int64_t in = p.rows.in * p.columns.in * p.channels_in;
  const int64_t out = rows.size() * columns.size() * p.channels_in;
  float* images = image_scratch.floats(count * out + 1);
  for (int64_t i = 0; i < count; ++i) copy_padded(x + (b + i) * in, p, rows, columns, images + i * out);
  return images;
}

struct Bands {
  int64_t images, rows, per_image;
};

Bands bands(const Problem& p, int64_t outputs, int64_t row_floats, int64_t threads) {
  const int64_t step = p.rows.step() * row_floats;
  const int64_t rows = std::clamp<int64_t>(BAND_FLOATS / std::max<int64_t>(step, 1), 1, outputs);
  const int64_t spare = BAND_FLOATS / std::max<int64_t>(step * outputs, 1);
  const int64_t images = std::clamp<int64_t>(spare, 1, std::max<int64_t>(1, p.batch / (4 * threads)));
  return {images, rows, ceil_div(outputs, rows)};
}

void forward(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* kernel, float* y) {
  const auto row_phases = phases(p.rows), column_phases = phases(p.columns);
  const int64_t outputs = row_phases[0].count;
  const Range columns = touched(p.columns, column_phases, 0, column_phases[0].count);
  const int v = vectors(p.group_out());
  const int64_t block = v * LANES, blocks = ceil_div(p.group_out(), block);
  const int64_t packed_rows = p.rows.taps * p.columns.taps * p.group_in();
  float* packed = kernel_scratch.floats(p.groups * blocks * packed_rows * block);
  pack(kernel, p, block, packed);

  const int64_t row_floats = columns.size() * p.channels_in, x_step = p.columns.step() * p.channels_in;
  std::vector<std::vector<Run>> taps;
  for (const Phase& row : row_phases)
    for (const Phase& column : column_phases) taps.push_back(runs(p, row, column, columns.size()));
  const Bands cut = bands(p, outputs, row_floats, std::max<int64_t>(1, pool.num_threads()));

  parallel_for(pool, ceil_div(p.batch, cut.images) * cut.per_image, [&, packed](int64_t item) {
    const int64_t b0 = item / cut.per_image * cut.images, b1 = std::min(b0 + cut.images, p.batch);
    const int64_t h0 = item % cut.per_image * cut.rows;
    const int64_t count = std::min(cut.rows, outputs - h0);
    const Range rows = touched(p.rows, row_phases, h0, count);
    const int64_t image_floats = rows.size() * row_floats;
    const float* images = copied(x, p, b0, b1 - b0, rows, columns);
    const auto row_of = v == 1 ? forward_row<1> : v == 2 ? forward_row<2> : forward_row<4>;
    for (int64_t part = 0; part < p.groups * blocks; ++part) {
      const int64_t g = part / blocks, o = part % blocks * block;
      for (int64_t b = b0; b < b1; ++b)
        for (size_t r = 0; r < row_phases.size(); ++r)
          for (int64_t m = h0; m < std::min(h0 + count, row_phases[r].count); ++m)
            for (size_t c = 0; c < column_phases.size(); ++c) {
              const int64_t h = row_phases[r].first + m * p.rows.inner, w = column_phases[c].first;
              const float* in = images + (b - b0) * image_floats + g * p.group_in() +
                                (m * p.rows.step() - rows.begin) * row_floats - columns.begin * p.channels_in;
              row_of(column_phases[c].count, in, x_step, taps[r * column_phases.size() + c],
                     packed + part * packed_rows * block,
                     y + ((b * p.rows.out + h) * p.columns.out + w) * p.channels_out + g * p.group_out() + o,
                     p.columns.inner * p.channels_out, p.group_out() - o);
            }
    }
  });
}

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
      for (int64_t w = 0; w < count[2]; ++w, in += x.column, out += dy.column) {
        Vector d[V];
        for (int v = 0; v < V; ++v) d[v] = load(out + v * LANES);
#pragma GCC unroll 32
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
          for (int v = 0; v < V; ++v) sum[r][v] += in[r] * d[v];
      }
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
    for (int64_t n = 0; n < count[1] * count[2]; ++n, to += block) {
      std::memcpy(to, from + b * image + n * p.channels_out, full * sizeof(float));
      std::memset(to + full, 0, (block - full) * sizeof(float));
    }
  return copy;
}

void kernel_gradient(ffi::ThreadPool& pool, const Problem& p, const float* x, const float* dy, float* g) {
  const auto row_phases = phases(p.rows), column_phases = phases(p.columns);
  const Range columns = touched(p.columns, column_phases, 0, p.columns.out);
  const auto taps = runs(p, row_phases[0], column_phases[0], columns.size());
  const int64_t outs = p.group_out();
  const int v = ceil_div(outs, LANES) == 1 ? 1 : 2;
  const int64_t block = v * LANES, blocks = p.groups * ceil_div(outs, block);
  const int64_t packed_rows = p.rows.taps * p.columns.taps * p.group_in(), size = packed_rows * block;
  // Partial sums over parts of the batch; the number of parts is the problem's, not the machine's.
  const int64_t parts = std::clamp<int64_t>(32 / blocks, 1, p.batch);
  const int64_t row_floats = columns.size() * p.channels_in;
  const Bands cut = gradient_bands(p, row_floats, p.columns.out * block);
  float* partial = kernel_scratch.floats(parts * blocks * size);

  parallel_for(pool, parts * blocks, [&, partial](int64_t item) {
    const int64_t part = item / blocks, group = item % blocks / (blocks / p.groups);
    const int64_t o = item % blocks % (blocks / p.groups) * block;
    float* sums = partial + item * size;
    std::memset(sums, 0, size * sizeof(float));
    const auto run_of = v == 1 ? gradient_run<1> : gradient_run<2>;
    const int64_t end = (part + 1) * p.batch / parts;
    for (int64_t b = part * p.batch / parts; b < end; b += cut.images)
      for (int64_t h = 0; h < p.rows.out; h += cut.rows) {
        const int64_t count[3] = {std::min(cut.images, end - b), std::min(cut.rows, p.rows.out - h),
                                  p.columns.out};
        const Range rows = touched(p.rows, row_phases, h, count[1]);
        Pixels in{copied(x, p, b, count[0], rows, columns), rows.size() * row_floats,
                  p.rows.step() * row_floats, p.columns.step() * p.channels_in};
        in.at += group * p.group_in() + (h * p.rows.step() - rows.begin) * row_floats -
                 columns.begin * p.channels_in;
        const Pixels out = whole_vectors(dy, p, b, h, count, group * outs + o, std::min(block, outs - o), block);
        for (const Run& run : taps) {
          const Pixels from{in.at + run.x, in.image, in.row, in.column};
          run_of(run.length, count, from, out, sums + run.kernel * block);
        }
      }
  });

  parallel_for(pool, p.groups, [&, partial](int64_t group) {
    for (int64_t o = 0; o < outs; o += block)
      for (int64_t row = 0; row < packed_rows; ++row) {
        const float* from = partial + (group * (blocks / p.groups) + o / block) * size + row * block;
        float* to = g + row * p.channels_out + group * outs + o;
        for (int64_t n = 0; n < std::min(block, outs - o); ++n) {
          float sum = 0;
          for (int64_t part = 0; part < parts; ++part) sum += from[part * blocks * size + n];
          to[n] = sum;
        }
      }
  });
}

using Buffer = ffi::Buffer<ffi::F32>;
using Result = ffi::Result<Buffer>;
using Numbers = ffi::Span<const int64_t>;

Axis axis(const Buffer::Dimensions& in, const Buffer::Dimensions& out, const Buffer::Dimensions& kernel,
          Numbers settings, int which) {
  return {in[1 + which],      out[1 + which],      kernel[which],     settings[which],
          settings[2 + which], settings[4 + which], settings[6 + which]};
}

}  // namespace

// settings: strides (rows, columns), low paddings, dilation of the images, dilation of the kernel, groups.
ffi::Error convolve(ffi::ThreadPool pool, Buffer x, Buffer kernel, Result y, Numbers settings) {
  const auto in = x.dimensions(), out = y->dimensions(), taps = kernel.dimensions();
  const Problem p{in[0], settings[8], in[3], out[3], axis(in, out, taps, settings, 0),
                  axis(in, out, taps, settings, 1)};
  forward(pool, p, x.typed_data(), kernel.typed_data(), y->typed_data());
  return ffi::Error::Success();
}

ffi::Error convolve_kernel_gradient(ffi::ThreadPool pool, Buffer x, Buffer dy, Result g, Numbers settings) {
  const auto in = x.dimensions(), out = dy.dimensions(), taps = g->dimensions();
  const Problem p{in[0], settings[8], in[3], out[3], axis(in, out, taps, settings, 0),
                  axis(in, out, taps, settings, 1)};
  kernel_gradient(pool, p, x.typed_data(), dy.typed_data(), g->typed_data());
  return ffi::Error::Success();
}

}  // namespace nn_zoo

#define BINDING                                                                                        \
  xla::ffi::Ffi::Bind()                                                                                \
      .Ctx<xla::ffi::ThreadPool>()                                                                     \
      .Arg<nn_zoo::Buffer>()                                                                           \
      .Arg<nn_zoo::Buffer>()                                                                           \
      .Ret<nn_zoo::Buffer>()                                                                           \
      .Attr<nn_zoo::Numbers>("settings")
XLA_FFI_DEFINE_HANDLER_SYMBOL(nn_zoo_convolve, nn_zoo::convolve, BINDING);
XLA_FFI_DEFINE_HANDLER_SYMBOL(nn_zoo_convolve_kernel_gradient, nn_zoo::convolve_kernel_gradient, BINDING);
