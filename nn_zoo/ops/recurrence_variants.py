"""Variants of the cells along a sequence: peepholes, projection, layer normalization, an early reset.

Axes: B batch, T time, N = B x T, D inputs, H hidden, P outputs (H without a projection), G gates x hidden.

A step multiplies by matrices: the state, or what the reset leaves of it, by U, and an LSTM's hidden units by
the projection. What lies between these products is derived by JAX, a step at a time; their values are kept on
the way forward. So the derivative walks back over time with the derivative in the state alone, and that in
each matrix is one product at the end.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nn_zoo.ops.product import product
from nn_zoo.ops.recurrence_cells import CELLS, State
from nn_zoo.ops.recurrence_walk import alive, by_time, choose, derived, rows

GATES = {name: cell.gates for name, cell in CELLS.items()} | {'gru_reset_before': 3}
EPSILON = 1e-6  # of the layer normalization
MATRICES = ('input_DG', 'recurrent_PG', 'projection_HP')


class Norm(NamedTuple):
  """Scales of the normalized products, and of the LSTM's memory with its shift."""

  input_G: jax.Array
  recurrent_G: jax.Array
  memory_H: jax.Array | None = None
  memory_shift_H: jax.Array | None = None


class Weights(NamedTuple):
  """Of one direction of one layer; None where a variant is not taken.

  recurrent_bias_H: of the GRU's candidate, inside the reset gate; None: 0. peephole_3H: of the input, forget
  and output gate. projection_HP: from the LSTM's hidden units to its outputs.
  """

  input_DG: jax.Array
  recurrent_PG: jax.Array
  bias_G: jax.Array
  recurrent_bias_H: jax.Array | None = None
  peephole_3H: jax.Array | None = None
  projection_HP: jax.Array | None = None
  norm: Norm | None = None

  @property
  def plain(self) -> bool:
    """Whether it is none of the variants with weights of their own."""
    return self.peephole_3H is None and self.projection_HP is None and self.norm is None


class Varied(NamedTuple):
  """Of a sequence of steps of a variant."""

  x_BTD: jax.Array
  weights: Weights
  state: State
  length_B: jax.Array | None


def move(
  cell: str, weights: Weights, g_BG: jax.Array, state: State, multiply: Callable = jnp.matmul
) -> State:
  """The state after a step, of which g_BG = x W is the part of the inputs; `multiply` takes its products."""
  hidden = weights.bias_G.size // GATES[cell]
  norm, bias_1G, candidate_1H = weights.norm, weights.bias_G[None], weights.recurrent_bias_H
  candidate_1H = None if candidate_1H is None else candidate_1H[None]

  def normalize(product, name, part=slice(None)):
    return product if norm is None else _normalize(product, getattr(norm, name)[part], hidden)

  g_BG = normalize(g_BG, 'input_G') + bias_1G
  if cell == 'gru_reset_before':
    return _reset_before(weights, g_BG, state, normalize, multiply)
  r_BG = normalize(multiply(state.h_BH, weights.recurrent_PG), 'recurrent_G')
  if candidate_1H is not None:
    r_BG = r_BG.at[:, -hidden:].add(candidate_1H)
  if cell != 'lstm':
    return CELLS[cell].forward(g_BG, r_BG, state)[0]

  def memory(c_BH):
    return c_BH if norm is None else normalize(c_BH, 'memory_H') + norm.memory_shift_H[None]

  after, _ = CELLS[cell].forward(g_BG, r_BG, state, weights.peephole_3H, memory)
  if weights.projection_HP is None:
    return after
  return after._replace(h_BH=multiply(after.h_BH, weights.projection_HP))


def _reset_before(weights, g_BG, state, normalize, multiply):
  h, hidden = state.h_BH, state.h_BH.shape[-1]
  gates, candidate = slice(2 * hidden), slice(2 * hidden, None)
  product = normalize(multiply(h, weights.recurrent_PG[:, gates]), 'recurrent_G', gates)
  r, z = jnp.split(jax.nn.sigmoid(g_BG[:, gates] + product), 2, -1)
  product = multiply(r * h, weights.recurrent_PG[:, candidate])
  n = jnp.tanh(g_BG[:, candidate] + normalize(product, 'recurrent_G', candidate))
  return State(n + z * (h - n))


def _normalize(product_BG, scale_G, hidden):
  parts = product_BG.reshape(*product_BG.shape[:-1], -1, hidden)
  parts = parts - parts.mean(-1, keepdims=True)
  parts = parts * jax.lax.rsqrt(jnp.mean(parts * parts, -1, keepdims=True) + EPSILON)
  return parts.reshape(product_BG.shape) * scale_G[None]


class _Kept(NamedTuple):
  """Of a step: the part of the inputs, the state before it, and its products, in order."""

  g_BG: jax.Array
  before: State
  products: tuple[jax.Array, ...]


def _forward(walk, save, arguments):
  x_BTD, weights, state, length_B = arguments

  def step(state, now):
    (g_BG, alive_B1), products = now, []

    def multiply(a_BP, matrix_PG):
      products.append(a_BP @ matrix_PG)
      return products[-1]

    after = move(walk.cell, weights, g_BG, state, multiply)
    kept = _Kept(g_BG, state, tuple(products)) if save else None
    return choose(alive_B1, after, state), (jnp.where(alive_B1, after.h_BH, 0), kept)

  steps = by_time(x_BTD) @ weights.input_DG, alive(length_B, x_BTD)
  last, (y_TBP, kept) = jax.lax.scan(step, state, steps, reverse=walk.reverse)
  return by_time(y_TBP), last, kept


@jax.custom_vjp
def _known(a_BP, matrix_PG, shift_BG, product_BG):
  # a_BP matrix_PG + shift_BG where its value is known; derived in a_BP and in the shift, which is 0.
  return product_BG


def _known_forward(a_BP, matrix_PG, shift_BG, product_BG):
  return product_BG, matrix_PG


def _known_back(matrix_PG, slope_BG):
  return slope_BG @ matrix_PG.T, None, slope_BG, None


_known.defvjp(_known_forward, _known_back)


def _back(walk, weights, kept, slope):
  # Of one step: derivatives in the weights that are no matrices, in g_BG, in the state before and in each
  # product; and what each product's matrix was multiplied by.
  matrices = {name: getattr(weights, name) for name in MATRICES}

  def again(others, g_BG, before, shifts):
    factors, known = [], iter(zip(shifts, kept.products, strict=True))

    def multiply(a_BP, matrix_PG):
      factors.append(a_BP)
      return _known(a_BP, matrix_PG, *next(known))

    after = move(walk.cell, others._replace(**matrices), g_BG, before, multiply)
    return after, tuple(factors)

  others = weights._replace(**dict.fromkeys(MATRICES))
  shifts = jax.tree.map(jnp.zeros_like, kept.products)
  _, pull, factors = jax.vjp(again, others, kept.g_BG, kept.before, shifts, has_aux=True)
  return pull(slope), factors


def _transpose(walk, residuals, slopes):
  (x_BTD, weights, _, length_B), _, kept = residuals
  dy_BTP, dlast = slopes

  def step(slope, now):
    dy_BP, kept, alive_B1 = now
    inside = slope._replace(h_BH=slope.h_BH + dy_BP)
    inside = jax.tree.map(lambda a: jnp.where(alive_B1, a, 0), inside)
    (others, g_BG, before, products), factors = _back(walk, weights, kept, inside)
    return choose(alive_B1, before, slope), (others, g_BG, products, factors)

  steps = by_time(dy_BTP), kept, alive(length_B, x_BTD)
  first, found = jax.lax.scan(step, dlast, steps, reverse=not walk.reverse)
  others, g_TBG, products, factors = found
  others = jax.tree.map(lambda array: array.sum(0), others)
  parts = [product(rows(a), rows(g), a_turned=True) for a, g in zip(factors, products, strict=True)]
  projection_HP = None if weights.projection_HP is None else parts.pop()
  g_NG, x_ND = rows(g_TBG), rows(by_time(x_BTD))
  x_TBD = product(g_NG, weights.input_DG, b_turned=True).reshape(by_time(x_BTD).shape)
  weights = others._replace(
    input_DG=product(x_ND, g_NG, a_turned=True),
    recurrent_PG=jnp.concatenate(parts, 1),
    projection_HP=projection_HP,
  )
  return Varied(by_time(x_TBD), weights, first, None)


variant = derived(_forward, _forward, _transpose)
