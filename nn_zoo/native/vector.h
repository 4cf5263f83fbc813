// Vectors of floats as wide as the processor's registers, by the GNU extension that GCC and Clang share.
#pragma once

#include <cstring>

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

// The first `count` lanes, at most all.
inline void store(float* p, Vector v, int count) {
  if (count >= LANES) return store(p, v);
  if (count > 0) std::memcpy(p, &v, count * sizeof(float));
}

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace nn_zoo
