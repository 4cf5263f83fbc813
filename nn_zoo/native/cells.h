// Recurrent cells: a step of one vector of hidden units of one sequence, and its derivative.
//
// What nn_zoo/ops/recurrence_cells.py says, in the same names. `sum` is the product with the state, a vector a gate.
#pragma once

#include "elementary.h"

namespace nn_zoo {

// Where a vector of hidden units of one sequence at one step lies; gates are `hidden` floats apart.
struct Place {
  const float *g, *bias, *recurrent_bias;
  float *gates, *kept, *y;
  float *h, *c;  // the state: h is written, c is exchanged
  const float* before;
  int64_t hidden;
  int lanes;
  Vector input(int gate) const { return load(g + gate * hidden, lanes) + load(bias + gate * hidden, lanes); }
  void save(int gate, Vector v) const { store(gates + gate * hidden, v, lanes); }
};

// The same of the derivative. dh is all of it that comes to h; `direct` and dc go to the step before.
struct BackPlace {
  const float *gates, *kept, *h_before, *c_before;
  float *dg, *dr, *sent, *direct, *dc;  // sent: derivatives in r, for the product of the step before
  float* total;  // of each gate, and behind them of r, over the steps
  int64_t hidden;
  int lanes;
  Vector gate(int gate) const { return load(gates + gate * hidden, lanes); }
  void slope(int gate, Vector v) const {
    store(dg + gate * hidden, v, lanes);
    store(sent + gate * hidden, v, lanes);
    add(gate, v);
  }
  void add(int gate, Vector v) const { store(total + gate * hidden, v + load(total + gate * hidden, lanes), lanes); }
};

struct Lstm {
  static constexpr int GATES = 4, WIDE = 1;
  static constexpr bool MEMORY = true, CANDIDATE = false;
  static void forward(const Vector* sum, const Place& at) {
    const Vector i = sigmoid(at.input(0) + sum[0]), f = sigmoid(at.input(1) + sum[1]);
    const Vector n = tanh(at.input(2) + sum[2]), o = sigmoid(at.input(3) + sum[3]);
    const Vector c = f * load(at.c, at.lanes) + i * n, h = o * tanh(c);
    at.save(0, i), at.save(1, f), at.save(2, n), at.save(3, o);
    store(at.c, c, at.lanes), store(at.h, h, at.lanes), store(at.y, h, at.lanes);
    if (at.kept) store(at.kept, c, at.lanes);
  }
  static void backward(Vector dh, const BackPlace& at) {
    const Vector i = at.gate(0), f = at.gate(1), n = at.gate(2), o = at.gate(3);
    const Vector t = tanh(load(at.kept, at.lanes));
    const Vector dc = load(at.dc, at.lanes) + dh * o * (1.0f - t * t);
    at.slope(0, dc * n * i * (1.0f - i));
    at.slope(1, dc * load(at.c_before, at.lanes) * f * (1.0f - f));
    at.slope(2, dc * i * (1.0f - n * n));
    at.slope(3, dh * t * o * (1.0f - o));
    store(at.dc, dc * f, at.lanes);
  }
};

struct Gru {
  static constexpr int GATES = 3, WIDE = 1;
  static constexpr bool MEMORY = false, CANDIDATE = true;
  static void forward(const Vector* sum, const Place& at) {
    const Vector r = sigmoid(at.input(0) + sum[0]), z = sigmoid(at.input(1) + sum[1]);
    const Vector product = sum[2] + load(at.recurrent_bias, at.lanes);
    const Vector n = tanh(at.input(2) + r * product), h = n + z * (load(at.before, at.lanes) - n);
    at.save(0, r), at.save(1, z), at.save(2, n);
    store(at.h, h, at.lanes), store(at.y, h, at.lanes);
    if (at.kept) store(at.kept, product, at.lanes);
  }
  static void backward(Vector dh, const BackPlace& at) {
    const Vector r = at.gate(0), z = at.gate(1), n = at.gate(2);
    const Vector dn = dh * (1.0f - z) * (1.0f - n * n);
    at.slope(0, dn * load(at.kept, at.lanes) * r * (1.0f - r));
    at.slope(1, dh * (load(at.h_before, at.lanes) - n) * z * (1.0f - z));
    at.slope(2, dn);
    store(at.dr, dn * r, at.lanes), store(at.sent + 2 * at.hidden, dn * r, at.lanes);
    at.add(3, dn * r);
    store(at.direct, dh * z, at.lanes);
  }
};

template <bool TANH>
struct Rnn {
  static constexpr int GATES = 1, WIDE = 4;
  static constexpr bool MEMORY = false, CANDIDATE = false;
  static void forward(const Vector* sum, const Place& at) {
    const Vector a = at.input(0) + sum[0], h = TANH ? tanh(a) : (a < 0.0f ? Vector{} : a);
    store(at.h, h, at.lanes), store(at.y, h, at.lanes);
  }
  static void backward(Vector dh, const BackPlace& at) {
    const Vector h = at.gate(0);
    at.slope(0, TANH ? dh * (1.0f - h * h) : (h > 0.0f ? dh : Vector{}));
  }
};

}  // namespace nn_zoo
