// How a convolution's outputs lie to its inputs, and images copied with their padding.
//
// Strides s, dilation of the images L and of the kernel d, low padding p: along an axis, tap i of output h sees the
// input (h s - p + i d) / L where L divides and there is one, else zero.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "parallel.h"
#include "vector.h"

namespace nn_zoo {

// Scratch of images, which is to stay in the second cache.
constexpr int64_t BAND_FLOATS = 64 * 1024, GRADIENT_FLOATS = 16 * 1024;

struct Axis {
  int64_t in, out, taps, stride, low, inner, spread;
  int64_t step() const { return inner == 1 ? stride : 1; }
};

struct Problem {
  int64_t batch, groups, channels_in, channels_out;  // channels of all groups
  Axis rows, columns;
  int64_t group_in() const { return channels_in / groups; }
  int64_t group_out() const { return channels_out / groups; }
  bool depthwise() const { return groups > 1 && groups == channels_in && groups == channels_out; }
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

thread_local Scratch kernel_scratch, image_scratch, output_scratch;

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

// Both axes of images b ... b + count - 1, copied with their padding.
const float* copied(const float* x, const Problem& p, int64_t b, int64_t count, Range rows, Range columns) {
  const int64_t in = p.rows.in * p.columns.in * p.channels_in;
  const int64_t out = rows.size() * columns.size() * p.channels_in;
  float* images = image_scratch.floats(count * out + LANES);
  for (int64_t i = 0; i < count; ++i) copy_padded(x + (b + i) * in, p, rows, columns, images + i * out);
  return images;
}

// How the rows of images are cut: `images` whole ones together, or `rows` of one.
struct Bands {
  int64_t images, rows, per_image;
};


}  // namespace nn_zoo
