// Products of matrices whose entries are rounded to bfloat16 and whose sums are float32, by the matrix unit of a
// processor that has one (AMX: Intel Xeons since Sapphire Rapids).
//
// The unit multiplies tiles of 16 x 32 by 32 x 16. Both sides are packed as such tiles of pairs, neighbours in depth;
// four sums of 16 x 16 stay in the unit's registers while two tiles of a and two of b, at each step of the depth, pass.
// Each entry is summed in the order of its depth, whatever the tiles and the threads.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18,
// https://www.intel.com/content/www/us/en/developer/articles/technical/intel-sdm.html
#pragma once

#include "product.h"
#if defined(__AMX_BF16__) && defined(__AVX512BF16__) && defined(__AVX512BW__) && defined(__linux__)
#define NN_ZOO_MATRIX_UNIT
#include <sys/syscall.h>
#include <unistd.h>

namespace nn_zoo {

constexpr int64_t SIDE = 16, STEP = 32;            // rows or columns of a tile, and its depth
constexpr int64_t TILE = SIDE * STEP / 2;          // floats in whose place a tile is kept
constexpr int64_t STEPS = 16;                      // of a block of the depth, at most
constexpr int64_t BAND = 256;                      // rows of a task, at most

// Linux keeps the unit from a process until it asks.
inline bool has_matrix_unit() {
  static const bool granted = syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* tile data */) == 0;
  return granted;
}

// Pairs of bfloat16 in 16 lanes: entries of `low` and of `high` beside each other, rounded to the nearest.
inline Vector beside(Vector low, Vector high) {
  static const __m512i order = [] {
    alignas(64) int16_t places[32];
    for (int i = 0; i < 32; ++i) places[i] = static_cast<int16_t>(i / 2 + i % 2 * 16);
    return _mm512_load_si512(places);
  }();
  return (Vector)_mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

// A tile of 16 lines and 16 pairs in depth, [pair, line] if ACROSS and else [line, pair]; zero beyond `lines` and
// `depth`. Lines are given one after the other (`step` apart) if ALONG, else depths are.
template <bool ALONG, bool ACROSS>
inline void pack_pairs(const float* from, int64_t step, int64_t lines, int64_t depth, float* to) {
  Vector square[LANES];
  const int many = static_cast<int>(std::min<int64_t>(lines, SIDE)), deep = static_cast<int>(std::min<int64_t>(depth, STEP));
  for (int i = 0; i < LANES; ++i) {
    if (ALONG) {
      const float* line = from + i * step;
      square[i] = i < many ? (Vector)_mm512_cvtne2ps_pbh(load(line + LANES, deep - LANES), load(line, deep)) : Vector{};
    } else {
      const float* pair = from + 2 * i * step;
      square[i] = beside(load(pair, 2 * i < deep ? many : 0), load(pair + step, 2 * i + 1 < deep ? many : 0));
    }
  }
  if (ALONG == ACROSS) transpose<LANES / 2>(square);
  for (int i = 0; i < LANES; ++i) store(to + i * LANES, square[i]);
}

// tiles[line / 16, step, ...] of `lines` lines, an even number of tiles, and of some steps of the depth.
template <bool ALONG, bool ACROSS>
inline void pack_lines(const float* from, int64_t step, int64_t lines, int64_t depth, float* to) {
  for (int64_t line = 0; line < ceil_div(lines, 2 * SIDE) * 2 * SIDE; line += SIDE)
    for (int64_t k = 0; k < depth; k += STEP, to += TILE)
      pack_pairs<ALONG, ACROSS>(from + (ALONG ? line * step + k : k * step + line), step, lines - line, depth - k, to);
}

inline void configure_tiles() {
  struct alignas(64) {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } config;
  asm volatile("" ::: "memory");
  _tile_loadconfig(&config);
}

// c, or c += where there was a block before, of 32 x 32 entries.
inline void multiply_tiles(const float* a, int64_t a_next, const float* b, int64_t b_next, int64_t steps, float* c,
                           int64_t columns, bool add) {
  const int64_t line = 4 * columns;
  float* low = c + SIDE * columns;
  asm volatile("" ::: "memory");
  if (add) {
    _tile_loadd(0, c, line);
    _tile_loadd(1, c + SIDE, line);
    _tile_loadd(2, low, line);
    _tile_loadd(3, low + SIDE, line);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t k = 0; k < steps; ++k, a += TILE, b += TILE) {
    _tile_loadd(4, a, 64);
    _tile_loadd(6, b, 64);
    _tile_loadd(7, b + b_next, 64);
    _tile_loadd(5, a + a_next, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, line);
  _tile_stored(1, c + SIDE, line);
  _tile_stored(2, low, line);
  _tile_stored(3, low + SIDE, line);
  asm volatile("" ::: "memory");
}

// The same where fewer rows or columns than 32 are left.
inline void multiply_edge(const float* a, int64_t a_next, const float* b, int64_t b_next, int64_t steps, float* c,
                          int64_t columns, bool add, int64_t rows, int64_t left) {
  constexpr int64_t WIDTH = 2 * SIDE;
  alignas(64) float own[WIDTH * WIDTH];
  const auto move = [&](float* to, int64_t to_step, const float* from, int64_t from_step) {
    for (int64_t row = 0; row < std::min(rows, WIDTH); ++row)
      for (int64_t n = 0; n < WIDTH; n += LANES) {
        const int lanes = static_cast<int>(left - n);
        store(to + row * to_step + n, load(from + row * from_step + n, lanes), lanes);
      }
  };
  if (add) move(own, WIDTH, c, columns);
  multiply_tiles(a, a_next, b, b_next, steps, own, WIDTH, add);
  move(c, columns, own, WIDTH);
}

// c or c += of tiles of rows and of columns; those of a lie `steps` apart, those of b `b_steps`.
inline void multiply_lines(const float* a, int64_t rows, int64_t steps, const float* b, int64_t b_steps, int64_t columns,
                           float* c, int64_t c_step, bool add) {
  for (int64_t column = 0; column < columns; column += 2 * SIDE)
    for (int64_t row = 0; row < rows; row += 2 * SIDE) {
      const float *tile = a + row / SIDE * steps * TILE, *panel = b + column / SIDE * b_steps * TILE;
      float* to = c + row * c_step + column;
      if (rows - row >= 2 * SIDE && columns - column >= 2 * SIDE)
        multiply_tiles(tile, steps * TILE, panel, b_steps * TILE, steps, to, c_step, add);
      else
        multiply_edge(tile, steps * TILE, panel, b_steps * TILE, steps, to, c_step, add, rows - row, columns - column);
    }
}

// Rows top ... and columns left ... of one product, with all of its b packed.
template <bool TURNED>
void rounded_part(const Product& f, const Part& part) {
  const int64_t all = ceil_div(f.depth, STEP), blocks = ceil_div(all, STEPS);
  const float* a = f.a + part.entry * f.rows * f.depth + part.top * (TURNED ? 1 : f.depth);
  float* c = f.c + (part.entry * f.rows + part.top) * f.columns + part.left;
  float* tiles = tile_scratch.floats(ceil_div(part.rows, 2 * SIDE) * 2 * STEPS * TILE);
  configure_tiles();
  for (int64_t number = 0; number < blocks; ++number) {
    const int64_t first = number * all / blocks, steps = (number + 1) * all / blocks - first;
    const int64_t depth = std::min(steps * STEP, f.depth - first * STEP);
    pack_lines<!TURNED, false>(a + first * STEP * (TURNED ? f.rows : 1), f.a_step(), part.rows, depth, tiles);
    const float* b = part.panels + (part.left / SIDE * all + first) * TILE;
    multiply_lines(tiles, part.rows, steps, b, all, part.columns, c, f.columns, number > 0);
  }
  _tile_release();
}

template <bool TURNED>
void rounded_with(const Threads& threads, const Product& f) {
  constexpr int64_t WIDTH = 2 * SIDE;
  const int64_t panels = ceil_div(f.columns, WIDTH), least = TASKS * threads.count();
  int64_t bands = ceil_div(f.rows, BAND), groups = 1;
  while (f.batch * bands * groups < least && f.rows / bands > 2 * WIDTH) bands *= 2;
  while (f.batch * bands * groups < least && 2 * groups <= panels) groups *= 2;
  const int64_t size = panels * ceil_div(f.depth, STEP) * 2 * TILE;
  const auto pack = [=](int64_t entry, int64_t panel, float* packed) {
    const int64_t column = panel * WIDTH, left = std::min(WIDTH, f.columns - column);
    const float* b = f.b_at(entry, 0, column);
    float* to = packed + panel * (size / panels);
    if (f.b_turned) pack_lines<true, true>(b, f.b_step(), left, f.depth, to);
    else pack_lines<false, true>(b, f.b_step(), left, f.depth, to);
  };
  const bool shared = bands * groups > 1;
  float* packed = shared ? product_scratch.floats(f.batch * size) : nullptr;
  parallel_for(threads, shared ? f.batch * panels : 0, f.batch * size,
               [=](int64_t n) { pack(n / panels, n % panels, packed + n / panels * size); });
  parallel_for(threads, f.batch * bands * groups, [=](int64_t n) {
    const int64_t band = n % bands, group = n / bands % groups, entry = n / bands / groups;
    const int64_t top = band * f.rows / bands, left = group * panels / groups * WIDTH;
    const int64_t right = std::min(f.columns, (group + 1) * panels / groups * WIDTH);
    float* own = shared ? packed + entry * size : product_scratch.floats(size);
    for (int64_t panel = 0; panel < (shared ? 0 : panels); ++panel) pack(entry, panel, own);
    rounded_part<TURNED>(f, {entry, top, (band + 1) * f.rows / bands - top, left, right - left, own});
  });
}

// Whether it was done: not if there is no such unit, or if tiles would be nearly empty.
inline bool rounded_product(const Threads& threads, const Product& f) {
  if (std::min(f.rows, f.columns) < SIDE || f.depth < STEP || !has_matrix_unit()) return false;
  f.a_turned ? rounded_with<true>(threads, f) : rounded_with<false>(threads, f);
  return true;
}

}  // namespace nn_zoo
#else

namespace nn_zoo {

inline bool has_matrix_unit() { return false; }
inline bool rounded_product(const Threads&, const Product&) { return false; }

}  // namespace nn_zoo
#endif
