// Vectors of floats as wide as the processor's registers, by the GNU extension that GCC and Clang share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace nn_zoo {

#if defined(__AVX512F__)
constexpr int LANES = 16, REGISTERS = 32;
#elif defined(__AVX__)
constexpr int LANES = 8, REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int LANES = 4, REGISTERS = 32;
#else
constexpr int LANES = 4, REGISTERS = 16;
#endif
// Sums that are kept in registers; the others hold what is multiplied.
constexpr int SUMS = REGISTERS - 4;

typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));
typedef float Loose __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

inline Vector load(const float* p) { return *reinterpret_cast<const Loose*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Loose*>(p) = v; }

// The first `count` lanes, at most all; lanes that are not loaded are zero.
inline Vector load(const float* p, int count) {
  if (count >= LANES) return load(p);
#if defined(__AVX512F__)
  return _mm512_maskz_loadu_ps((1u << std::max(count, 0)) - 1, p);
#else
  Vector v = {};
  if (count > 0) std::memcpy(&v, p, count * sizeof(float));
  return v;
#endif
}

inline void store(float* p, Vector v, int count) {
  if (count >= LANES) return store(p, v);
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (1u << std::max(count, 0)) - 1, v);
#else
  if (count > 0) std::memcpy(p, &v, count * sizeof(float));
#endif
}

// The vector with those lanes exchanged whose numbers differ by HALF, a power of two.
template <int HALF, int... LANE>
inline Vector crossed(Vector x, std::integer_sequence<int, LANE...>) {
#if defined(__clang__)
  return __builtin_shufflevector(x, x, (LANE ^ HALF)...);
#else
  typedef int Places __attribute__((vector_size(LANES * sizeof(int))));
  return __builtin_shuffle(x, Places{(LANE ^ HALF)...});
#endif
}

// All lanes in one: join(a, b) of vectors takes halves, quarters, ... of them together.
template <int HALF = LANES / 2, typename Join>
inline float joined(Vector x, Join join) {
  x = join(x, crossed<HALF>(x, std::make_integer_sequence<int, LANES>{}));
  if constexpr (HALF > 1) return joined<HALF / 2>(x, join);
  return x[0];
}
inline float total(Vector x) {
  return joined(x, [](Vector a, Vector b) { return a + b; });
}

// The vector, in a register from here on.
inline Vector held(Vector v) {
#if defined(__AVX512F__)
  asm("" : "+v"(v));
#elif defined(__x86_64__)
  asm("" : "+x"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#endif
  return v;
}

// sum[p][v] += factor(p) row[v], where row is V vectors and sum lies in registers.
//
// With 16 registers GCC would read the row again for every p, and wait for its loads: tiles of 3 x 4 at 75 GFLOP/s.
// With two of its vectors held there: 100, of 104 possible (a core of Zen 3). With 32 registers it does so itself.
template <int P, int V, typename Factor>
[[gnu::always_inline]] inline void add_products(Vector (&sum)[P][V], const float* row, Factor factor) {
  constexpr int HELD = REGISTERS > 16 ? 0 : REGISTERS - P * V - 2;  // one is left for the factor, one for the rest
  Vector w[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) w[v] = v < HELD ? held(load(row + v * LANES)) : load(row + v * LANES);
#pragma GCC unroll 32
  for (int p = 0; p < P; ++p) {
    const float x = factor(p);
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[p][v] += x * w[v];
  }
}

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Calls run(std::integral_constant<int, P>, first) so that tiles of at most MOST rows cover `rows`.
template <int MOST, typename Run, int... P>
inline void cover(int64_t rows, Run run, std::integer_sequence<int, P...>) {
  int64_t first = 0;
  for (int64_t parts = ceil_div(rows, MOST); parts > 0; --parts) {
    const int64_t now = ceil_div(rows - first, parts);
    ((now == P + 1 ? run(std::integral_constant<int, P + 1>{}, first) : void()), ...);
    first += now;
  }
}
template <int MOST, typename Run>
inline void cover(int64_t rows, Run run) {
  cover<MOST>(rows, run, std::make_integer_sequence<int, MOST>{});
}

}  // namespace nn_zoo
