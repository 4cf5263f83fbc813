"""Variants of recurrent cells in NumPy, one sequence and one step at a time, for real or complex numbers.

Derivatives are those by a complex step: d f(x + e v) / de = Im f(x + i h v) / h, which is exact to rounding
for h so small that h^2 vanishes, since nothing is subtracted. Source: Squire & Trapp 1998,
https://doi.org/10.1137/S003614459631241X.
"""

import jax
import numpy as np

from tests.reference.recurrence import sigmoid

STEP = 1e-100


def normalized(a, scale, parts, epsilon):
  parts = a.reshape(parts, -1)
  parts = parts - parts.mean(-1, keepdims=True)
  return (parts / np.sqrt((parts * parts).mean(-1, keepdims=True) + epsilon)).reshape(-1) * scale


def move(cell, weights, x, h, c, epsilon):
  W, U, b, b_r, peephole, P, norm = weights
  hidden = b.size // {'lstm': 4, 'gru': 3, 'gru_reset_before': 3}.get(cell, 1)

  def norms(a, name, part=slice(None)):
    if norm is None:
      return a
    return normalized(a, getattr(norm, name)[part], a.size // hidden, epsilon)

  g = norms(x @ W, 'input_G') + b
  if cell == 'gru_reset_before':
    gates, candidate = slice(2 * hidden), slice(2 * hidden, None)
    r, z = np.split(sigmoid(g[gates] + norms(h @ U[:, gates], 'recurrent_G', gates)), 2)
    product = norms((r * h) @ U[:, candidate], 'recurrent_G', candidate)
    return (1 - z) * np.tanh(g[candidate] + product) + z * h, c
  product = norms(h @ U, 'recurrent_G')
  if cell == 'gru':
    (gr, gz, gn), (rr, rz, rn) = np.split(g, 3), np.split(product, 3)
    z = sigmoid(gz + rz)
    return (1 - z) * np.tanh(gn + sigmoid(gr + rr) * (rn + b_r)) + z * h, c
  if cell == 'rnn_tanh':
    return np.tanh(g + product), c
  i, f, n, o = np.split(g + product, 4)
  if peephole is not None:
    i, f = i + peephole[0] * c, f + peephole[1] * c
  c = sigmoid(f) * c + sigmoid(i) * np.tanh(n)
  o = sigmoid(o if peephole is None else o + peephole[2] * c)
  h = o * np.tanh(c if norm is None else norms(c, 'memory_H') + norm.memory_shift_H)
  return h if P is None else h @ P, c


def recurrence(cell, weights, x_BTD, h_BP, c_BH, length_B, reverse, epsilon):
  """Outputs, 0 after a sequence's end, and the last states."""
  y_BTP = np.zeros(
    (*x_BTD.shape[:2], h_BP.shape[1]), np.result_type(x_BTD, h_BP, weights[0], complex)
  )
  last_h, last_c = h_BP.astype(complex), None if c_BH is None else c_BH.astype(complex)
  for B, length in enumerate(length_B):
    h, c = h_BP[B], None if c_BH is None else c_BH[B]
    for t in range(length)[::-1] if reverse else range(length):
      h, c = move(cell, weights, x_BTD[B, t], h, c, epsilon)
      y_BTP[B, t] = h
    last_h[B] = h
    if c is not None:
      last_c[B] = c
  return y_BTP, last_h, last_c


def slope(function, arrays, direction):
  """The derivative of a function of a tree of arrays, a tree too, in the direction of a like tree."""
  moved = jax.tree.map(lambda a, v: a + 1j * STEP * v, arrays, direction)
  return jax.tree.map(lambda found: found.imag / STEP, function(moved))


def gradient(function, arrays):
  """The derivative of a function with one number as its value in each number of a tree of arrays."""
  leaves, tree = jax.tree.flatten(arrays)
  found = [np.zeros(leaf.shape) for leaf in leaves]
  for leaf, place in zip(leaves, found, strict=True):
    for index in np.ndindex(leaf.shape):
      direction = [np.zeros(other.shape) for other in leaves]
      direction[[other is leaf for other in leaves].index(True)][index] = 1
      place[index] = slope(function, arrays, jax.tree.unflatten(tree, direction))
  return jax.tree.unflatten(tree, found)
