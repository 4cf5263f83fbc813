"""Recurrent cells: one step forward, and the step's derivative backward, without the products before them.

Axes: B batch, H hidden, G gates x hidden. A cell takes g_BG, what comes from the inputs with the bias, and
r_BG, what comes from the state. Gates lie side by side: input, forget, candidate, output in an LSTM; reset,
update, candidate in a GRU.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp


class State(NamedTuple):
  """What a cell hands on: its output, and the memory of an LSTM."""

  h_BH: jax.Array
  c_BH: jax.Array | None = None


class Saved(NamedTuple):
  """What a step keeps for its derivative; None where the cell has no use for it.

  gates: activated; kept_BH: the LSTM's memory after the step, the GRU's r_BG of the candidate.
  """

  gates_BG: jax.Array | None = None
  kept_BH: jax.Array | None = None


class Slopes(NamedTuple):
  """Derivatives in g_BG, in the candidate's r_BG where that is another (GRU), and in the state directly."""

  g_BG: jax.Array
  r_BH: jax.Array | None
  state: State


class Cell(NamedTuple):
  """A cell: its number of gates, whether it has a memory, and the step's two directions."""

  gates: int
  memory: bool
  forward: Callable[[jax.Array, jax.Array, State], tuple[State, Saved]]
  backward: Callable[[Saved, State, State, State], Slopes]


def _lstm(g_BG, r_BG, state, peephole_3H=None, normalize=lambda c_BH: c_BH):
  i, f, n, o = jnp.split(g_BG + r_BG, 4, -1)
  if peephole_3H is not None:
    i, f = i + peephole_3H[0:1] * state.c_BH, f + peephole_3H[1:2] * state.c_BH
  i, f, n = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(n)
  c = f * state.c_BH + i * n
  o = jax.nn.sigmoid(o if peephole_3H is None else o + peephole_3H[2:3] * c)
  return State(o * jnp.tanh(normalize(c)), c), Saved(jnp.concatenate([i, f, n, o], -1), c)


def _lstm_backward(saved, before, after, slope):
  i, f, n, o = jnp.split(saved.gates_BG, 4, -1)
  t = jnp.tanh(saved.kept_BH)
  c = slope.c_BH + slope.h_BH * o * (1 - t * t)
  gates = (
    c * n * i * (1 - i),
    c * before.c_BH * f * (1 - f),
    c * i * (1 - n * n),
    slope.h_BH * t * o * (1 - o),
  )
  return Slopes(jnp.concatenate(gates, -1), None, State(jnp.zeros_like(c), c * f))


def _gru(g_BG, r_BG, state):
  (gr, gz, gn), (rr, rz, rn) = jnp.split(g_BG, 3, -1), jnp.split(r_BG, 3, -1)
  r, z = jax.nn.sigmoid(gr + rr), jax.nn.sigmoid(gz + rz)
  n = jnp.tanh(gn + r * rn)
  h = n + z * (state.h_BH - n)
  return State(h), Saved(jnp.concatenate([r, z, n], -1), rn)


def _gru_backward(saved, before, after, slope):
  r, z, n = jnp.split(saved.gates_BG, 3, -1)
  dn = slope.h_BH * (1 - z) * (1 - n * n)
  dz = slope.h_BH * (before.h_BH - n) * z * (1 - z)
  dr = dn * saved.kept_BH * r * (1 - r)
  return Slopes(jnp.concatenate([dr, dz, dn], -1), dn * r, State(slope.h_BH * z))


def _rnn_tanh(g_BG, r_BG, state):
  return State(jnp.tanh(g_BG + r_BG)), Saved()


def _rnn_tanh_backward(saved, before, after, slope):
  g_BG = slope.h_BH * (1 - after.h_BH * after.h_BH)
  return Slopes(g_BG, None, State(jnp.zeros_like(g_BG)))


def _rnn_relu(g_BG, r_BG, state):
  return State(jax.nn.relu(g_BG + r_BG)), Saved()


def _rnn_relu_backward(saved, before, after, slope):
  g_BG = jnp.where(after.h_BH > 0, slope.h_BH, 0)
  return Slopes(g_BG, None, State(jnp.zeros_like(g_BG)))


CELLS = {
  'rnn_tanh': Cell(1, False, _rnn_tanh, _rnn_tanh_backward),
  'rnn_relu': Cell(1, False, _rnn_relu, _rnn_relu_backward),
  'lstm': Cell(4, True, _lstm, _lstm_backward),
  'gru': Cell(3, False, _gru, _gru_backward),
}
