// Products of small matrices that lie in larger arrays, by one thread, in two forms: Exact, of floats, and Rounded, of
// bfloat16 by the matrix unit. A right side is packed once for many products, of which each takes a part.
#pragma once

#include "rounded.h"

namespace nn_zoo {

// Lines `step` apart: rows of a and depths of b or, turned, depths of a and columns of b.
struct Matrix {
  const float* data;
  int64_t step;
  bool turned;
};

// Of a packed right side of `depth`: from where on it is multiplied; multiples of PART.
struct Right {
  const float* data;
  int64_t depth, first_depth, first_column;
};

constexpr int64_t PART = 64;

// c = a b, or c += a b.
struct Strided {
  int64_t rows, depth, columns;
  Matrix a;
  Right b;
  float* c;
  int64_t c_step;
  bool add;
};

struct Exact {
  static constexpr int64_t WIDTH = 2 * LANES;
  static void begin() {}
  static void end() {}
  static int64_t floats(int64_t depth, int64_t columns) { return ceil_div(columns, WIDTH) * WIDTH * depth; }
  static void pack(const Matrix& b, int64_t depth, int64_t columns, float* to) {
    for (int64_t column = 0; column < columns; column += WIDTH)
      pack_panel<2>(b.data + column * (b.turned ? b.step : 1), b.step, b.turned, depth, columns - column, to + column * depth);
  }
  static void multiply(const Strided& f) {
    float* tiles = tile_scratch.floats(f.rows * std::min(f.depth, DEPTH));
    for (int64_t k = 0; k < f.depth; k += DEPTH) {
      const int64_t now = std::min(DEPTH, f.depth - k);
      if (f.a.turned) pack_tiles<true, 2>(f.a.data + k * f.a.step, f.a.step, now, f.rows, tiles);
      else pack_tiles<false, 2>(f.a.data + k, f.a.step, now, f.rows, tiles);
      for (int64_t column = 0; column < f.columns; column += WIDTH) {
        const float* panel = f.b.data + (f.b.first_column + column) * f.b.depth + (f.b.first_depth + k) * WIDTH;
        cover<SUMS / 2>(f.rows, [&](auto tile, int64_t row) {
          product_tile<tile, 2>(tiles + row * now, panel, now, f.c + row * f.c_step + column, f.c_step,
                                f.columns - column, f.add || k > 0);
        });
      }
    }
  }
};

#if defined(NN_ZOO_MATRIX_UNIT)
struct Rounded {
  static void begin() { configure_tiles(); }
  static void end() { _tile_release(); }
  static int64_t floats(int64_t depth, int64_t columns) {
    return ceil_div(columns, 2 * SIDE) * 2 * ceil_div(depth, STEP) * TILE;
  }
  static void pack(const Matrix& b, int64_t depth, int64_t columns, float* to) {
    if (b.turned) pack_lines<true, true>(b.data, b.step, columns, depth, to);
    else pack_lines<false, true>(b.data, b.step, columns, depth, to);
  }
  static void multiply(const Strided& f) {
    const int64_t steps = ceil_div(f.depth, STEP), all = ceil_div(f.b.depth, STEP);
    float* tiles = tile_scratch.floats(ceil_div(f.rows, 2 * SIDE) * 2 * steps * TILE);
    if (f.a.turned) pack_lines<false, false>(f.a.data, f.a.step, f.rows, f.depth, tiles);
    else pack_lines<true, false>(f.a.data, f.a.step, f.rows, f.depth, tiles);
    const float* b = f.b.data + (f.b.first_column / SIDE * all + f.b.first_depth / STEP) * TILE;
    multiply_lines(tiles, f.rows, steps, b, all, f.columns, f.c, f.c_step, f.add);
  }
};
#endif

}  // namespace nn_zoo
