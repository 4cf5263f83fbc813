// exp, sigmoid and tanh of vectors of floats, to about two units in the last place.
//
// Source: Moshier, the Cephes library, expf and tanhf, https://www.netlib.org/cephes/.
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

inline Vector tanh(Vector x) {
  const Vector size = x < 0.0f ? -x : x;
  const Vector far = 1.0f - 2.0f / (exponential(2.0f * size) + 1.0f);
  const Vector z = x * x;
  Vector p = -5.70498872745e-3f * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const Vector near = p * z * x + x;
  return size < 0.625f ? near : (x < 0.0f ? -far : (x == x ? far : x));
}

}  // namespace nn_zoo
