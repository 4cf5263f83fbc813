// Random bits by the Threefry 2x32 hash of 20 rounds, as JAX draws them: a key and an element's number give its bits.
//
// Source: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
// https://doi.org/10.1145/2063384.2063405.
#pragma once

#include <cmath>

#include "parallel.h"
#include "vector.h"

namespace nn_zoo {

typedef uint32_t Words __attribute__((vector_size(sizeof(Vector))));
typedef uint8_t Bytes __attribute__((vector_size(LANES)));

constexpr int ABREAST = 4;  // vectors hashed at a time, since a round waits for the one before

template <int BY>
inline void round(Words (&x)[ABREAST], Words (&y)[ABREAST]) {
  for (int v = 0; v < ABREAST; ++v) {
    x[v] += y[v];
    y[v] = ((y[v] << BY) | (y[v] >> (32 - BY))) ^ x[v];
  }
}

template <int A, int B, int C, int D>
inline void rounds(Words (&x)[ABREAST], Words (&y)[ABREAST], uint32_t x_more, uint32_t y_more) {
  round<A>(x, y), round<B>(x, y), round<C>(x, y), round<D>(x, y);
  for (int v = 0; v < ABREAST; ++v) x[v] += x_more, y[v] += y_more;
}

// The bits of elements first ... first + ABREAST * LANES - 1; first is a multiple of their count.
inline void random_bits(const uint32_t* key, uint64_t first, Words (&bits)[ABREAST]) {
  const uint32_t a = key[0], b = key[1], c = a ^ b ^ 0x1BD11BDAu;
  Words x[ABREAST], y[ABREAST], lane;
  for (int n = 0; n < LANES; ++n) lane[n] = n;
  for (int v = 0; v < ABREAST; ++v) {
    x[v] = Words{} + (static_cast<uint32_t>(first >> 32) + a);
    y[v] = lane + (static_cast<uint32_t>(first) + v * LANES + b);
  }
  rounds<13, 15, 26, 6>(x, y, b, c + 1);
  rounds<17, 29, 16, 24>(x, y, c, a + 2);
  rounds<13, 15, 26, 6>(x, y, a, b + 3);
  rounds<17, 29, 16, 24>(x, y, b, c + 4);
  rounds<13, 15, 26, 6>(x, y, c, a + 5);
  for (int v = 0; v < ABREAST; ++v) bits[v] = x[v] ^ y[v];
}

// Whether u < p, u being an element's uniform number: its highest 23 bits, as a fraction.
inline void bernoulli_block(const uint32_t* key, uint64_t first, uint64_t end, uint32_t limit, uint8_t* to) {
  constexpr int STEP = ABREAST * LANES;
  for (uint64_t at = first; at < end; at += STEP) {
    Words bits[ABREAST];
    random_bits(key, at, bits);
    Bytes found[ABREAST];
    for (int v = 0; v < ABREAST; ++v) found[v] = __builtin_convertvector((Words)((bits[v] >> 9) < limit) & 1u, Bytes);
    if (at + STEP <= end) std::memcpy(to + at, found, STEP);
    else std::memcpy(to + at, found, end - at);
  }
}

// For each key, `size` draws that are 1 with probability p.
inline void bernoulli_draws(ffi::ThreadPool& pool, const uint32_t* keys, int64_t count, int64_t size, float p, uint8_t* y) {
  constexpr int64_t BLOCK = 1 << 15;
  const auto limit = static_cast<uint32_t>(std::ceil(std::clamp(p, 0.0f, 1.0f) * double(1 << 23)));
  const int64_t blocks = ceil_div(size, BLOCK);
  const auto work = [=](int64_t n) {
    const int64_t key = n / blocks, first = n % blocks * BLOCK;
    bernoulli_block(keys + 2 * key, first, std::min(size, first + BLOCK), limit, y + key * size);
  };
  if (count * blocks == 1) return work(0);
  parallel_for(pool, count * blocks, work);
}

}  // namespace nn_zoo
