"""Recurrent cells in NumPy float64, one sequence and one step at a time, with gradients written by hand."""

import numpy as np


def sigmoid(a):
  return 1 / (1 + np.exp(-a))


class Lstm:
  @staticmethod
  def forward(g, h, c, U, b_r):
    i, f, n, o = np.split(g + h @ U, 4)
    i, f, n, o = sigmoid(i), sigmoid(f), np.tanh(n), sigmoid(o)
    new = f * c + i * n
    return o * np.tanh(new), new, (i, f, n, o, c, new)

  @staticmethod
  def backward(saved, h, dh, dc, U):
    i, f, n, o, c, new = saved
    t = np.tanh(new)
    dc = dc + dh * o * (1 - t**2)
    da = [dc * n * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - n**2), dh * t * o * (1 - o)]
    da = np.concatenate(da)
    return da, da, U @ da, dc * f


class Gru:
  @staticmethod
  def forward(g, h, c, U, b_r):
    (gr, gz, gn), (rr, rz, rn) = np.split(g, 3), np.split(h @ U, 3)
    r, z, rn = sigmoid(gr + rr), sigmoid(gz + rz), rn + b_r
    n = np.tanh(gn + r * rn)
    return (1 - z) * n + z * h, c, (r, z, n, rn)

  @staticmethod
  def backward(saved, h, dh, dc, U):
    r, z, n, rn = saved
    dn = dh * (1 - z) * (1 - n**2)
    dz, dr = dh * (h - n) * z * (1 - z), dn * rn * r * (1 - r)
    d_input, d_product = np.concatenate([dr, dz, dn]), np.concatenate([dr, dz, dn * r])
    return d_input, d_product, dh * z + U @ d_product, dc


class GruResetBefore:
  @staticmethod
  def forward(g, h, c, U, b_r):
    size = len(h)
    r, z = np.split(sigmoid(g[: 2 * size] + h @ U[:, : 2 * size]), 2)
    n = np.tanh(g[2 * size :] + (r * h) @ U[:, 2 * size :])
    return (1 - z) * n + z * h, c, (r, z, n)

  @staticmethod
  def backward(saved, h, dh, dc, U):
    r, z, n = saved
    size = len(h)
    dn = dh * (1 - z) * (1 - n**2)
    back = U[:, 2 * size :] @ dn
    da = np.concatenate([back * h * r * (1 - r), dh * (h - n) * z * (1 - z), dn])
    # The candidate's weights see r h in place of h: as an outer product, h (r dn) would be wrong.
    return da, None, dh * z + back * r + U[:, : 2 * size] @ da[: 2 * size], dc


class Rnn:
  def __init__(self, function, slope):
    self.function, self.slope = function, slope

  def forward(self, g, h, c, U, b_r):
    new = self.function(g + h @ U)
    return new, c, new

  def backward(self, saved, h, dh, dc, U):
    da = dh * self.slope(saved)
    return da, da, U @ da, dc


CELLS = {
  'rnn_tanh': Rnn(np.tanh, lambda h: 1 - h**2),
  'rnn_relu': Rnn(lambda a: np.maximum(a, 0), lambda h: h > 0),
  'lstm': Lstm,
  'gru': Gru,
  'gru_reset_before': GruResetBefore,
}


def recurrence(name, W, U, b, b_r, x_BTD, h_BH, c_BH, length_B, reverse, dy_BTH, dh_BH, dc_BH):
  """Outputs, last states, and the gradients in (W, U, b, b_r, x, h, c) of what dy, dh and dc weigh."""
  cell = CELLS[name]
  y_BTH, last_h, last_c = np.zeros(dy_BTH.shape), h_BH.copy(), c_BH.copy()
  dW, dU, db, dr, dx = (np.zeros(a.shape) for a in (W, U, b, b_r, x_BTD))
  first_dh, first_dc = dh_BH.copy(), dc_BH.copy()
  for B, length in enumerate(length_B):
    steps = range(length)[::-1] if reverse else range(length)
    h, c, tape = h_BH[B], c_BH[B], []
    for t in steps:
      new_h, new_c, saved = cell.forward(x_BTD[B, t] @ W + b, h, c, U, b_r)
      tape.append((t, h, saved))
      h, c = new_h, new_c
      y_BTH[B, t] = h
    last_h[B], last_c[B] = h, c
    dh, dc = dh_BH[B], dc_BH[B]
    for t, h, saved in reversed(tape):
      d_input, d_product, dh, dc = cell.backward(saved, h, dh + dy_BTH[B, t], dc, U)
      dW, db, dx[B, t] = dW + np.outer(x_BTD[B, t], d_input), db + d_input, W @ d_input
      if d_product is None:
        size = len(h)
        dU[:, : 2 * size] += np.outer(h, d_input[: 2 * size])
        dU[:, 2 * size :] += np.outer(saved[0] * h, d_input[2 * size :])
      else:
        dU, dr = dU + np.outer(h, d_product), dr + d_product[-len(dr) :]
    first_dh[B], first_dc[B] = dh, dc
  return (y_BTH, last_h, last_c), (dW, dU, db, dr, dx, first_dh, first_dc)
