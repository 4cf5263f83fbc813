// A recurrent cell along sequences, and its derivative: all steps of a share of the batch by one thread.
//
// The weights are packed once a call into panels that stay in the second cache; products with the inputs are taken
// for some steps at a time. A tile, some sequences x
// one panel, is summed in registers, where the cell is applied to it. Sequences of a share are in the order of
// their lengths, so that at each step those that go on are its first ones.
#pragma once

#include <numeric>
#include <vector>

#include "cells.h"
#include "parallel.h"
#include "product.h"

namespace nn_zoo {

// sum[p][v] = sum over k of a[p, k] panel[k, v]
//
// It is taken in sums of its own: the caller's, which are passed on to the cell, may lie in memory.
template <int P, int V>
[[gnu::always_inline]] inline void multiply(const float* a, int64_t a_step, const float* panel, int64_t depth,
                                            Vector (&sum)[P][V]) {
  Vector own[P][V] = {};
  for (int64_t k = 0; k < depth; ++k, panel += V * LANES)
    add_products(own, panel, [&](int p) { return a[p * a_step + k]; });
#pragma GCC unroll 32
  for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[p][v] = own[p][v];
}

inline thread_local Scratch panel_scratch, share_scratch;

// The sequences of a batch, in shares of about the same work.
struct Sequences {
  int64_t batch, time, hidden, gates;
  const int32_t* lengths;  // or null
  bool reverse;
  int64_t length(int64_t b) const { return lengths ? std::clamp<int64_t>(lengths[b], 0, time) : time; }
  int64_t width() const { return gates * hidden; }
  int64_t place(int64_t b, int64_t t) const { return b * time + t; }
  // The step before, or -1.
  int64_t before(int64_t b, int64_t t) const { return !reverse ? t - 1 : t + 1 < length(b) ? t + 1 : -1; }

  std::vector<int64_t> share(int64_t number, int64_t shares) const {
    std::vector<int64_t> order(batch), mine;
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return length(a) > length(b); });
    for (int64_t n = number; n < batch; n += shares) mine.push_back(order[n]);
    return mine;
  }
};

// Calls step(t, sequences that go on, number of the step) for each step there is.
template <typename Step>
void over_time(const Sequences& s, const std::vector<int64_t>& rows, bool reverse, Step step) {
  const int64_t longest = rows.empty() ? 0 : s.length(rows[0]);
  for (int64_t n = 0; n < longest; ++n) {
    const int64_t t = reverse ? longest - 1 - n : n;
    const int64_t active = std::partition_point(rows.begin(), rows.end(), [&](auto b) { return s.length(b) > t; }) -
                           rows.begin();
    step(t, active, n);
  }
}

// The buffer that holds a row's state when all is done.
inline int64_t last_buffer(const Sequences& s, const std::vector<int64_t>& rows, int64_t row, bool reverse) {
  return (reverse ? s.length(rows[0]) : s.length(rows[row])) & 1;
}

inline int64_t shares(const Threads& threads, int64_t batch) {
  return std::min(threads.count(), std::max<int64_t>(1, batch));
}

struct Forward {
  Sequences s;
  int64_t inputs;
  const float *x, *input, *recurrent, *bias, *recurrent_bias, *h0, *c0;
  float *y, *gates, *kept, *h, *c;  // kept may be null; gates is y where there is but one
};

// The products with the inputs of steps first ... end - 1, into the place of the gates.
template <class Cell>
void multiply_inputs(const Forward& f, const float* panels, const std::vector<int64_t>& rows, int64_t first, int64_t end) {
  constexpr int V = Cell::GATES * Cell::WIDE, BLOCK = Cell::WIDE * LANES;
  const int64_t hidden = f.s.hidden, width = f.s.width();
  for (int64_t j = 0; j < hidden; j += BLOCK) {
    const float* panel = panels + j / BLOCK * f.inputs * V * LANES;
    for (const int64_t b : rows)
      cover<SUMS / V>(std::min(end, f.s.length(b)) - first, [&](auto tile, int64_t from) {
        constexpr int P = tile;
        const int64_t at = f.s.place(b, first + from);
        Vector sum[P][V];
        multiply<P, V>(f.x + at * f.inputs, f.inputs, panel, f.inputs, sum);
        for (int p = 0; p < P; ++p)
          for (int v = 0; v < V; ++v) {
            const int64_t unit = j + v % Cell::WIDE * LANES, left = std::max<int64_t>(0, hidden - unit);
            if (left) store(f.gates + (at + p) * width + v / Cell::WIDE * hidden + unit, sum[p][v], static_cast<int>(left));
          }
      });
  }
}

template <class Cell>
void forward_share(const Forward& f, const float* input_panels, const float* panels, const std::vector<int64_t>& rows) {
  static_assert(Cell::GATES == 1 || Cell::WIDE == 1, "a cell takes the sums of its gates side by side");
  constexpr int V = Cell::GATES * Cell::WIDE, BLOCK = Cell::WIDE * LANES, CHUNK = SUMS / V;
  const Sequences& s = f.s;
  const int64_t hidden = s.hidden, count = rows.size(), size = count * hidden;
  float *both = share_scratch.floats(3 * size), *c = both + 2 * size;
  for (int64_t m = 0; m < count; ++m) {
    const int64_t b = rows[m], end = s.length(b), rest = (s.time - end) * hidden;
    for (int64_t side : {0, 1}) std::memcpy(both + side * size + m * hidden, f.h0 + b * hidden, hidden * sizeof(float));
    if (Cell::MEMORY) std::memcpy(c + m * hidden, f.c0 + b * hidden, hidden * sizeof(float));
    std::memset(f.y + s.place(b, end) * hidden, 0, rest * sizeof(float));
    if (!f.kept) continue;  // what is kept for the derivative has derivatives of its own
    std::memset(f.kept + s.place(b, end) * hidden, 0, rest * sizeof(float));
    std::memset(f.gates + s.place(b, end) * s.width(), 0, rest * Cell::GATES * sizeof(float));
  }
  over_time(s, rows, s.reverse, [&](int64_t t, int64_t active, int64_t step) {
    if (step % CHUNK == 0) {
      const int64_t first = s.reverse ? std::max<int64_t>(0, t - CHUNK + 1) : t;
      multiply_inputs<Cell>(f, input_panels, rows, first, s.reverse ? t + 1 : t + CHUNK);
    }
    const int64_t side = step & 1;
    const float* now = both + side * size;
    float* next = both + (1 - side) * size;
    for (int64_t j = 0; j < hidden; j += BLOCK) {
      const float* panel = panels + j / BLOCK * hidden * V * LANES;
      cover<SUMS / V>(active, [&](auto tile, int64_t first) {
        constexpr int P = tile;
        Vector sum[P][V];
        for (int p = 0; p < P; ++p) {  // what the cell reads and writes lies in other pages for each row
          const int64_t at = s.place(rows[first + p], t);
          for (int gate = 0; gate < Cell::GATES; ++gate) __builtin_prefetch(f.gates + at * s.width() + gate * hidden + j, 1);
          __builtin_prefetch(f.y + at * hidden + j, 1);
          if (f.kept) __builtin_prefetch(f.kept + at * hidden + j, 1);
        }
        multiply<P, V>(now + first * hidden, hidden, panel, hidden, sum);
        for (int p = 0; p < P; ++p) {
          const int64_t row = (first + p) * hidden, at = s.place(rows[first + p], t);
          for (int w = 0; w < Cell::WIDE && j + w * LANES < hidden; ++w) {
            const int64_t i = j + w * LANES;
            Cell::forward(sum[p] + w, {f.gates + at * s.width() + i, f.bias + i, f.recurrent_bias + i,
                          f.gates + at * s.width() + i, f.kept ? f.kept + at * hidden + i : nullptr,
                          f.y + at * hidden + i, next + row + i, c + row + i, now + row + i, hidden,
                          static_cast<int>(std::min<int64_t>(LANES, hidden - i))});
          }
        }
      });
    }
  });
  for (int64_t m = 0; m < count; ++m) {
    const float* last = both + last_buffer(s, rows, m, s.reverse) * size + m * hidden;
    std::memcpy(f.h + rows[m] * hidden, last, hidden * sizeof(float));
    if (Cell::MEMORY) std::memcpy(f.c + rows[m] * hidden, c + m * hidden, hidden * sizeof(float));
  }
}

// panels[block of hidden units, k, gate, unit]
template <class Cell>
void pack_forward(const Forward& f, const float* weights, int64_t depth, int64_t block, float* to) {
  constexpr int64_t BLOCK = Cell::WIDE * LANES;
  const int64_t full = std::min(BLOCK, f.s.hidden - block * BLOCK);
  for (int64_t k = 0; k < depth; ++k)
    for (int gate = 0; gate < Cell::GATES; ++gate, to += BLOCK) {
      std::memcpy(to, weights + k * f.s.width() + gate * f.s.hidden + block * BLOCK, full * sizeof(float));
      std::memset(to + full, 0, (BLOCK - full) * sizeof(float));
    }
}

template <class Cell>
void walk(const Threads& threads, Forward f) {
  constexpr int64_t BLOCK = Cell::WIDE * LANES;
  f.s.gates = Cell::GATES;
  const int64_t blocks = ceil_div(f.s.hidden, BLOCK), row = Cell::GATES * BLOCK;
  float* inputs = panel_scratch.floats(blocks * row * (f.inputs + f.s.hidden));
  float* panels = inputs + blocks * row * f.inputs;
  parallel_for(threads, blocks, blocks * row * (f.inputs + f.s.hidden), [&, inputs, panels](int64_t n) {
    pack_forward<Cell>(f, f.input, f.inputs, n, inputs + n * row * f.inputs);
    pack_forward<Cell>(f, f.recurrent, f.s.hidden, n, panels + n * row * f.s.hidden);
  });
  const int64_t parts = shares(threads, f.s.batch);
  parallel_for(threads, parts, [&, inputs, panels](int64_t n) {
    forward_share<Cell>(f, inputs, panels, f.s.share(n, parts));
  });
}

struct Backward {
  Sequences s;
  const float *gates, *kept, *dy, *recurrent, *h_before, *c0, *dh_last, *dc_last;
  float *dg, *dr, *dh, *dc, *bias;  // bias: sums of dg and dr over the steps of each sequence
};

constexpr int BACK = 4;  // vectors of a tile

template <class Cell>
void backward_share(const Backward& f, const float* panels, const std::vector<int64_t>& rows) {
  const Sequences& s = f.s;
  const int64_t hidden = s.hidden, width = s.width(), count = rows.size();
  const int64_t span = width + LANES, size = count * span;  // rows of a tile must not share lines of the first cache
  float *both = share_scratch.floats(2 * size + 2 * count * hidden), *direct = both + 2 * size;
  float* dc = direct + count * hidden;
  const int64_t totals = (Cell::GATES + Cell::CANDIDATE) * hidden;
  std::memset(both, 0, 2 * size * sizeof(float));
  for (int64_t m = 0; m < count; ++m) {
    const int64_t b = rows[m], end = s.place(b, s.length(b)), rest = s.time - s.length(b);
    std::memcpy(direct + m * hidden, f.dh_last + b * hidden, hidden * sizeof(float));
    if (Cell::MEMORY) std::memcpy(dc + m * hidden, f.dc_last + b * hidden, hidden * sizeof(float));
    std::memset(f.bias + b * totals, 0, totals * sizeof(float));
    std::memset(f.dg + end * width, 0, rest * width * sizeof(float));
    if (Cell::CANDIDATE) std::memset(f.dr + end * hidden, 0, rest * hidden * sizeof(float));
  }
  // Each row's product with what the step after it sent, plus what came directly.
  const auto products = [&](const float* sent, int64_t active, auto fetch, auto use) {
    for (int64_t j = 0; j < hidden; j += BACK * LANES)
      cover<SUMS / BACK>(active, [&](auto tile, int64_t first) {
        constexpr int P = tile;
        Vector sum[P][BACK];
        for (int64_t row = first; row < first + P; ++row)
          for (int64_t i = j; i < std::min(hidden, j + BACK * LANES); i += LANES) fetch(row, i);
        multiply<P, BACK>(sent + first * span, span, panels + j * width, width, sum);
        for (int p = 0; p < P; ++p)
          for (int w = 0; w < BACK && j + w * LANES < hidden; ++w) {
            const int64_t i = j + w * LANES, row = first + p;
            const int lanes = static_cast<int>(std::min<int64_t>(LANES, hidden - i));
            use(row, i, lanes, sum[p][w] + load(direct + row * hidden + i, lanes));
          }
      });
  };
  over_time(s, rows, !s.reverse, [&](int64_t t, int64_t active, int64_t step) {
    const int64_t side = step & 1;
    const auto fetch = [&](int64_t row, int64_t i) {
      const int64_t at = s.place(rows[row], t), before = std::max<int64_t>(0, s.before(rows[row], t));
      for (int gate = 0; gate < Cell::GATES; ++gate) __builtin_prefetch(f.gates + at * width + gate * hidden + i, 1);
      __builtin_prefetch(f.dy + at * hidden + i);
      if (Cell::MEMORY) __builtin_prefetch(f.kept + s.place(rows[row], before) * hidden + i);
    };
    products(both + side * size, active, fetch, [&](int64_t row, int64_t i, int lanes, Vector dh) {
      const int64_t b = rows[row], at = s.place(b, t), before = s.before(b, t);
      if (!Cell::CANDIDATE) store(direct + row * hidden + i, Vector{}, lanes);
      const float* c = before < 0 ? f.c0 + b * hidden : f.kept + s.place(b, before) * hidden;
      Cell::backward(dh + load(f.dy + at * hidden + i, lanes),
                     {f.gates + at * width + i, f.kept + at * hidden + i, f.h_before + at * hidden + i, c + i,
                      f.dg + at * width + i, f.dr + at * hidden + i, both + (1 - side) * size + row * span + i,
                      direct + row * hidden + i, dc + row * hidden + i, f.bias + b * totals + i, hidden, lanes});
    });
  });
  for (int64_t m = 0; m < count; ++m)
    if (const int64_t last = last_buffer(s, rows, m, !s.reverse))
      std::memcpy(both + m * span, both + last * size + m * span, width * sizeof(float));
  products(both, count, [](int64_t, int64_t) {}, [&](int64_t row, int64_t i, int lanes, Vector dh) {
    store(f.dh + rows[row] * hidden + i, dh, lanes);
    if (Cell::MEMORY) store(f.dc + rows[row] * hidden + i, load(dc + row * hidden + i, lanes), lanes);
  });
}

// panels[block of hidden units, k, unit] of the transposed weights.
inline void pack_backward(const Backward& f, int64_t block, float* to) {
  const int64_t width = f.s.width(), first = block * BACK * LANES;
  pack_panel<BACK>(f.recurrent + first * width, width, true, width, f.s.hidden - first, to);
}

template <class Cell>
void walk(const Threads& threads, Backward f) {
  f.s.gates = Cell::GATES;
  const int64_t blocks = ceil_div(f.s.hidden, BACK * LANES), panel = f.s.width() * BACK * LANES;
  float* panels = panel_scratch.floats(blocks * panel);
  parallel_for(threads, blocks, blocks * panel, [&, panels](int64_t n) { pack_backward(f, n, panels + n * panel); });
  const int64_t parts = shares(threads, f.s.batch);
  parallel_for(threads, parts, [&, panels](int64_t n) { backward_share<Cell>(f, panels, f.s.share(n, parts)); });
}

}  // namespace nn_zoo
