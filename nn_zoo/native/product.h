// Products of matrices, c = a b for each of a batch, where a, b or both may be given transposed.
//
// A task takes a panel of b, some columns by a block of the depth: it is packed into the first cache and met there
// by all rows of a, a tile of rows x panel at a time in registers. Each entry is summed in the order of its depth,
// whatever the tiles and the threads.
#pragma once

#include "parallel.h"
#include "vector.h"

namespace nn_zoo {

// a is [batch, rows, depth] or, turned, [batch, depth, rows]; b is [batch, depth, columns] or, turned,
// [batch, columns, depth]; c is [batch, rows, columns].
struct Product {
  int64_t batch, rows, depth, columns;
  bool a_turned, b_turned;
  const float *a, *b;
  float* c;
};

constexpr int64_t DEPTH = 256;  // of a panel, at most
constexpr int64_t TASKS = 4;    // a thread, at least, so that one that is held up keeps the others waiting for little

template <bool TURNED, int P, int V>
inline void product_tile(const float* a, int64_t step, const float* panel, int64_t depth, float* c, int64_t columns,
                         int64_t left, bool add) {
  Vector sum[P][V] = {};
  for (int64_t k = 0; k < depth; ++k, panel += V * LANES) {
    Vector w[V];
    for (int v = 0; v < V; ++v) w[v] = load(panel + v * LANES);
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p) {
      const float factor = TURNED ? a[k * step + p] : a[p * step + k];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[p][v] += factor * w[v];
    }
  }
#pragma GCC unroll 32
  for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const int lanes = static_cast<int>(left - v * LANES);
      float* to = c + p * columns + v * LANES;
      store(to, add ? sum[p][v] + load(to, lanes) : sum[p][v], lanes);
    }
}

template <int HALF, int... LANE>
inline void exchange(Vector& low, Vector& high, std::integer_sequence<int, LANE...>) {
  const Vector before = low;
#if defined(__clang__)
  low = __builtin_shufflevector(before, high, (LANE & HALF ? LANE - HALF + LANES : LANE)...);
  high = __builtin_shufflevector(before, high, (LANE & HALF ? LANE + LANES : LANE + HALF)...);
#else
  typedef int Places __attribute__((vector_size(LANES * sizeof(int))));
  low = __builtin_shuffle(before, high, Places{(LANE & HALF ? LANE - HALF + LANES : LANE)...});
  high = __builtin_shuffle(before, high, Places{(LANE & HALF ? LANE + LANES : LANE + HALF)...});
#endif
}

// Exchanges the blocks beside the diagonal, of HALF x HALF, then those within each block.
template <int HALF>
inline void transpose(Vector (&square)[LANES]) {
#pragma GCC unroll 32
  for (int i = 0; i < LANES; ++i)
    if (!(i & HALF)) exchange<HALF>(square[i], square[i + HALF], std::make_integer_sequence<int, LANES>{});
  if constexpr (HALF > 1) transpose<HALF / 2>(square);
}

// panel[k, column], zero beyond the last column.
template <int V>
inline void pack_panel(const Product& f, const float* b, int64_t first, int64_t depth, int64_t left, float* to) {
  constexpr int64_t WIDTH = V * LANES;
  if (!f.b_turned) {
    for (int64_t k = 0; k < depth; ++k)
      for (int v = 0; v < V; ++v)
        store(to + k * WIDTH + v * LANES, load(b + (first + k) * f.columns + v * LANES, static_cast<int>(left - v * LANES)));
    return;
  }
  for (int64_t n = 0; n < WIDTH; n += LANES)
    for (int64_t k = 0; k < depth; k += LANES) {
      Vector square[LANES];
      for (int i = 0; i < LANES; ++i)
        square[i] = n + i < left ? load(b + (n + i) * f.depth + first + k, static_cast<int>(depth - k)) : Vector{};
      transpose<LANES / 2>(square);
      for (int i = 0; i < std::min<int64_t>(LANES, depth - k); ++i) store(to + (k + i) * WIDTH + n, square[i]);
    }
}

template <bool TURNED, int V>
void product_panel(const Product& f, int64_t entry, int64_t column, int64_t top, int64_t rows) {
  alignas(64) float panel[DEPTH * V * LANES];
  const float* a = f.a + entry * f.rows * f.depth;
  const float* b = f.b + entry * f.depth * f.columns + column * (f.b_turned ? f.depth : 1);
  float* c = f.c + (entry * f.rows + top) * f.columns + column;
  const int64_t left = f.columns - column, blocks = ceil_div(f.depth, DEPTH), step = TURNED ? f.rows : f.depth;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t first = block * f.depth / blocks, depth = (block + 1) * f.depth / blocks - first;
    pack_panel<V>(f, b, first, depth, left, panel);
    cover<SUMS / V>(rows, [&](auto tile, int64_t row) {
      const float* from = a + (TURNED ? first * step + top + row : (top + row) * step + first);
      product_tile<TURNED, tile, V>(from, step, panel, depth, c + row * f.columns, f.columns, left, block > 0);
    });
  }
}

template <bool TURNED, int V>
void product_with(ffi::ThreadPool& pool, const Product& f) {
  const int64_t panels = ceil_div(f.columns, V * LANES), most = ceil_div(f.rows, 4 * SUMS / V);
  const int64_t parts = std::clamp<int64_t>(ceil_div(TASKS * pool.num_threads(), f.batch * panels), 1, most);
  parallel_for(pool, f.batch * panels * parts, [=](int64_t n) {
    const int64_t part = n % parts, top = part * f.rows / parts, panel = n / parts % panels;
    product_panel<TURNED, V>(f, n / parts / panels, panel * V * LANES, top, (part + 1) * f.rows / parts - top);
  });
}

inline void product(ffi::ThreadPool& pool, const Product& f) {
  const auto with = [&](auto vectors) {
    f.a_turned ? product_with<true, vectors>(pool, f) : product_with<false, vectors>(pool, f);
  };
  if (f.columns <= LANES) return with(std::integral_constant<int, 1>{});
  with(std::integral_constant<int, 4>{});
}

}  // namespace nn_zoo
