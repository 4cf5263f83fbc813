// exp and sigmoid of vectors of floats, to about two units in the last place, and tanh, to seven.
//
// Source of exp: Moshier, the Cephes library, expf, https://www.netlib.org/cephes/.
#pragma once

#include "vector.h"

namespace nn_zoo {

typedef int32_t Integers __attribute__((vector_size(sizeof(Vector))));

inline Vector all(float x) { return Vector{} + x; }

inline Vector exponential(Vector x) {
  x = x < -87.0f ? all(-87.0f) : x;
  x = x > 88.0f ? all(88.0f) : x;
  // Adding 1.5 * 2^23 rounds to a whole number, which then is the low part of the sum's bits.
  const Vector shift = all(12582912.0f), sum = x * 1.44269504088896341f + shift, whole = sum - shift;
  const Vector r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  Vector p = 1.9875691500e-4f * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  return p * (Vector)((((Integers)sum - (Integers)shift) + 127) << 23);
}

inline Vector sigmoid(Vector x) { return 1.0f / (1.0f + exponential(-x)); }

// x p(x^2) / q(x^2) with the least largest relative error, 2e-8 but for rounding, up to 8, where it is nearly 1.
inline Vector tanh(Vector x) {
  x = x < -8.0f ? all(-8.0f) : x;
  x = x > 8.0f ? all(8.0f) : x;
  const Vector z = x * x;
  Vector p = 2.350784891e-11f * z - 1.470394015e-08f;
  p = p * z + 9.878570194e-06f;
  p = p * z + 2.985852290e-03f;
  p = p * z + 1.297921450e-01f;
  p = p * z + 9.999999811e-01f;
  Vector q = 2.372018901e-04f * z + 2.402788531e-02f;
  q = q * z + 4.631253055e-01f;
  q = q * z + 1.0f;
  return x * (p / q);
}

}  // namespace nn_zoo
