// Products of matrices, c = a b for each of a batch, where a, b or both may be given transposed.
//
// A task has some rows of a and some columns of b. Block by block of the depth, its rows are packed in tiles for the
// second cache; panels of columns, packed for the first, then meet them one after the other, a tile x a panel at a time
// in registers. Each entry is summed in the order of its depth, whatever the tiles and the threads.
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

  // From one line of a, or of b, to the next.
  int64_t a_step() const { return a_turned ? rows : depth; }
  int64_t b_step() const { return b_turned ? depth : columns; }
  const float* b_at(int64_t entry, int64_t k, int64_t column) const {
    return b + entry * depth * columns + (b_turned ? column * depth + k : k * columns + column);
  }
};

constexpr int64_t DEPTH = 256;                // of a block, at most
constexpr int64_t ROWS = 384, COLUMNS = 512;  // of a task, at most
constexpr int64_t SHARED = 1 << 20;           // floats of panels that are kept for all tasks, at most: more would leave the caches
constexpr int64_t TASKS = 2;  // a thread, at least, so that one that is held up keeps the others waiting for little

// c, or c += where there was a block before: a tile of a, [k, row], x a panel of b, of one block of the depth.
template <int P, int V>
inline void product_tile(const float* a, const float* panel, int64_t depth, float* c, int64_t columns, int64_t left,
                         bool add) {
  Vector sum[P][V] = {};
  for (int64_t k = 0; k < depth; ++k, panel += V * LANES, a += P)
    add_products(sum, panel, [&](int p) { return a[p]; });
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

struct Block {
  int64_t first, depth;
};

// Blocks of the depth are of about the same size.
inline Block block_of(const Product& f, int64_t number) {
  const int64_t blocks = ceil_div(f.depth, DEPTH), first = number * f.depth / blocks;
  return {first, (number + 1) * f.depth / blocks - first};
}

// panel[k, column], zero beyond the columns that are left. Lines of b, depths or if turned columns, are `step` apart.
template <int V>
inline void pack_panel(const float* b, int64_t step, bool turned, int64_t depth, int64_t left, float* to) {
  constexpr int64_t WIDTH = V * LANES;
  if (!turned) {
    for (int64_t k = 0; k < depth; ++k, b += step, to += WIDTH)
      for (int v = 0; v < V; ++v) store(to + v * LANES, load(b + v * LANES, static_cast<int>(left - v * LANES)));
    return;
  }
  for (int64_t n = 0; n < WIDTH; n += LANES)
    for (int64_t k = 0; k < depth; k += LANES) {
      Vector square[LANES];
      for (int i = 0; i < LANES; ++i)
        square[i] = n + i < left ? load(b + (n + i) * step + k, static_cast<int>(depth - k)) : Vector{};
      transpose<LANES / 2>(square);
      for (int i = 0; i < std::min<int64_t>(LANES, depth - k); ++i) store(to + (k + i) * WIDTH + n, square[i]);
    }
}

// tile[k, row]
template <bool TURNED, int P>
inline void pack_tile(const float* a, int64_t step, int64_t depth, float* to) {
  if (TURNED) {
    for (int64_t k = 0; k < depth; ++k)
      for (int p = 0; p < P; p += LANES) store(to + k * P + p, load(a + k * step + p, P - p), P - p);
    return;
  }
  for (int64_t k = 0; k < depth; k += LANES)
    for (int p = 0; p < P; p += LANES) {
      Vector square[LANES];
      for (int i = 0; i < LANES; ++i)
        square[i] = p + i < P ? load(a + (p + i) * step + k, static_cast<int>(depth - k)) : Vector{};
      transpose<LANES / 2>(square);
      for (int i = 0; i < std::min<int64_t>(LANES, depth - k); ++i) store(to + (k + i) * P + p, square[i], P - p);
    }
}

// tiles[tile, k, row] of so many rows of a, whose lines, rows or if turned depths, are `step` apart.
template <bool TURNED, int V>
inline void pack_tiles(const float* a, int64_t step, int64_t depth, int64_t rows, float* to) {
  cover<SUMS / V>(rows, [&](auto tile, int64_t row) {
    pack_tile<TURNED, tile>(a + row * (TURNED ? 1 : step), step, depth, to + row * depth);
  });
}

// Rows top ... and columns left ... of one product; panels [block, panel, k, column] if they have been packed, or null.
struct Part {
  int64_t entry, top, rows, left, columns;
  const float* panels;
};

inline thread_local Scratch tile_scratch, product_scratch;

template <bool TURNED, int V>
void product_part(const Product& f, const Part& part) {
  constexpr int64_t WIDTH = V * LANES;
  alignas(64) float own[DEPTH * WIDTH];
  const float* a = f.a + part.entry * f.rows * f.depth + part.top * (TURNED ? 1 : f.depth);
  float* c = f.c + (part.entry * f.rows + part.top) * f.columns;
  float* tiles = tile_scratch.floats(part.rows * DEPTH);
  for (int64_t number = 0; number < ceil_div(f.depth, DEPTH); ++number) {
    const Block block = block_of(f, number);
    pack_tiles<TURNED, V>(a + block.first * (TURNED ? f.rows : 1), f.a_step(), block.depth, part.rows, tiles);
    for (int64_t column = part.left; column < part.left + part.columns; column += WIDTH) {
      const int64_t left = f.columns - column;
      const float* panel = own;
      if (part.panels) panel = part.panels + block.first * ceil_div(f.columns, WIDTH) * WIDTH + column * block.depth;
      else pack_panel<V>(f.b_at(part.entry, block.first, column), f.b_step(), f.b_turned, block.depth, left, own);
      const bool more = column + WIDTH < part.left + part.columns;
      const float* next = f.b_at(part.entry, block.first + (more ? 0 : block.depth), more ? column + WIDTH : part.left);
      cover<SUMS / V>(part.rows, [&](auto tile, int64_t row) {
        if (!part.panels && !f.b_turned)  // some of the next panel, whose rows lie far apart
          for (int64_t k = row * block.depth / part.rows; k < (row + tile) * block.depth / part.rows; ++k)
            for (int v = 0; v < V; ++v) __builtin_prefetch(next + k * f.columns + v * LANES, 0, 2);
        product_tile<tile, V>(tiles + row * block.depth, panel, block.depth, c + row * f.columns + column, f.columns,
                              left, number > 0);
      });
    }
  }
}

// Panels that several tasks read are packed before, once.
template <bool TURNED, int V>
void product_with(const Threads& threads, const Product& f) {
  constexpr int64_t WIDTH = V * LANES;
  const int64_t panels = ceil_div(f.columns, WIDTH), least = TASKS * threads.count();
  int64_t bands = ceil_div(f.rows, ROWS), groups = ceil_div(f.columns, COLUMNS);
  while (f.batch * bands * groups < least && 2 * groups <= panels) groups *= 2;
  while (f.batch * bands * groups < least && f.rows / bands > 4 * SUMS / V) bands *= 2;
  const int64_t size = f.batch * panels * WIDTH * f.depth;
  float* packed = bands > 1 && size <= SHARED ? product_scratch.floats(size) : nullptr;
  parallel_for(threads, packed ? f.batch * panels : 0, size, [=](int64_t n) {
    const int64_t entry = n / panels, column = n % panels * WIDTH;
    for (int64_t number = 0; number < ceil_div(f.depth, DEPTH); ++number) {
      const Block block = block_of(f, number);
      float* to = packed + (entry * f.depth + block.first) * panels * WIDTH + column * block.depth;
      pack_panel<V>(f.b_at(entry, block.first, column), f.b_step(), f.b_turned, block.depth, f.columns - column, to);
    }
  });
  parallel_for(threads, f.batch * bands * groups, [=](int64_t n) {
    const int64_t band = n % bands, group = n / bands % groups, entry = n / bands / groups;
    const int64_t top = band * f.rows / bands, left = group * panels / groups * WIDTH;
    const int64_t right = std::min(f.columns, (group + 1) * panels / groups * WIDTH);
    product_part<TURNED, V>(f, {entry, top, (band + 1) * f.rows / bands - top, left, right - left,
                                packed ? packed + entry * f.depth * panels * WIDTH : nullptr});
  });
}

inline void product(const Threads& threads, const Product& f) {
  const auto with = [&](auto vectors) {
    f.a_turned ? product_with<true, vectors>(threads, f) : product_with<false, vectors>(threads, f);
  };
  if (f.columns <= LANES) return with(std::integral_constant<int, 1>{});
  with(std::integral_constant<int, 2>{});
}

}  // namespace nn_zoo
