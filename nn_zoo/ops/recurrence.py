"""Recurrent networks over whole sequences: Elman's network, LSTM and GRU with their published variants.

Axes: B batch, T time, D inputs, H hidden, P outputs (H without a projection), G gates x hidden.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.ops.recurrence_cells import CELLS, State
from nn_zoo.ops.recurrence_sequence import Arguments, Walk, alive, choose, sequence
from nn_zoo.ops.sequences import before_end
from nn_zoo.ops.varying import alike

GATES = {name: cell.gates for name, cell in CELLS.items()} | {'gru_reset_before': 3}
EPSILON = 1e-6  # of the layer normalization


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


def recurrence(
  cell: str,
  weights: Weights,
  x_BTD: jax.Array,
  state: State,
  length_B: jax.Array | None = None,
  reverse: bool = False,
) -> tuple[jax.Array, State]:
  """Outputs of all steps, 0 after a sequence's end, and the state after its last step.

  rnn       h' = tanh(a) or relu(a),  a = x W + h U + b
  lstm      c' = f c + i tanh(n),  h' = o tanh(c');  i, f, o = sigmoid of their parts of a
  gru       h' = (1 - z) n + z h,  n = tanh(x W_n + b_n + r (h U_n + b_r));  r, z = sigmoid of their parts
  gru_reset_before    the same with n = tanh(x W_n + b_n + (r h) U_n)

  With peepholes an LSTM's i and f see p c and o sees p c'; with a projection h' is multiplied by it. With
  layer normalization x W, h U and, inside the last tanh, c' are normalized, each gate by itself.

  Args:
    cell: a key of GATES.
    weights: with G in the order reset, update, candidate or input, forget, candidate, output.
    x_BTD: inputs; those after a sequence's end have no effect.
    state: before the first step.
    length_B: steps of each sequence, 1 to T; None: all have T.
    reverse: walk from each sequence's end to its beginning.

  Raises:
    InputError: weights or a state whose shapes do not fit the inputs, a weight the cell has not, or lengths
      that `check_lengths` refuses.

  Sources: Elman 1990, "Finding Structure in Time", https://doi.org/10.1207/s15516709cog1402_1;
  Hochreiter & Schmidhuber 1997, "Long Short-Term Memory", https://doi.org/10.1162/neco.1997.9.8.1735;
  Gers & Schmidhuber 2000, "Recurrent Nets that Time and Count", https://doi.org/10.1109/IJCNN.2000.861302;
  Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder", https://arxiv.org/abs/1406.1078;
  Sak, Senior & Beaufays 2014, "Long Short-Term Memory Based Recurrent Neural Network Architectures",
  https://arxiv.org/abs/1402.1128; Ba, Kiros & Hinton 2016, "Layer Normalization",
  https://arxiv.org/abs/1607.06450.
  Departures: Ba et al. normalize all gates together.
  """
  x_BTD, weights, state = alike((x_BTD, weights, state))
  _check_shapes(cell, weights, x_BTD[:, 0], state)
  if cell == 'gru' and weights.recurrent_bias_H is None:
    weights = weights._replace(
      recurrent_bias_H=jnp.zeros_like(weights.bias_G[: state.h_BH.shape[1]])
    )
  if length_B is not None:
    check_lengths(length_B, *x_BTD.shape[:2])
    inside_BT1 = before_end(length_B, x_BTD)[..., None]
    x_BTD = jnp.where(inside_BT1, x_BTD, 0)
  if weights.plain and cell in CELLS:
    return sequence(Walk(cell, reverse), Arguments(x_BTD, *weights[:4], state, length_B))

  def move(state, now):
    g_BG, alive_B1 = now
    after = _move(cell, weights, g_BG, state)
    return choose(alive_B1, after, state), jnp.where(alive_B1, after.h_BH, 0)

  steps = x_BTD.swapaxes(0, 1) @ weights.input_DG, alive(length_B, x_BTD)
  last, y_TBP = jax.lax.scan(move, state, steps, reverse=reverse)
  return y_TBP.swapaxes(0, 1), last


def step(cell: str, weights: Weights, x_BD: jax.Array, state: State) -> State:
  """The state after one step of `recurrence`; its h_BH is the output."""
  _check_shapes(cell, weights, x_BD, state)
  return _move(cell, weights, x_BD @ weights.input_DG, state)


def check_lengths(length_B, batch: int, time: int) -> None:
  """Raises InputError unless there are `batch` whole numbers from 1 to `time`; traced values pass."""
  length_B = length_B if isinstance(length_B, jax.Array) else np.asarray(length_B)
  if not jnp.issubdtype(length_B.dtype, jnp.integer) or length_B.shape != (batch,):
    raise InputError(
      f'lengths: {length_B.dtype} of shape {length_B.shape}, expected {batch} integers, one a sequence'
    )
  if isinstance(length_B, jax.core.Tracer):
    return
  length_B = np.asarray(length_B)
  wrong = np.flatnonzero((length_B < 1) | (length_B > time))
  if wrong.size:
    raise InputError(
      f'lengths: {length_B[wrong[0]]} of sequence {wrong[0]}, expected 1 to {time}, the steps there are'
    )


def _check_shapes(cell, weights, x_BD, state):
  # A kernel takes sizes from the state and trusts the others to fit.
  batch, inputs = x_BD.shape
  hidden = weights.bias_G.size // GATES[cell]
  outputs = hidden if weights.projection_HP is None else weights.projection_HP.shape[1]
  width = hidden * GATES[cell]
  memory = (batch, hidden) if cell == 'lstm' else None
  candidate = (hidden,) if cell == 'gru' and weights.recurrent_bias_H is not None else None
  pairs = {
    'input weights': (weights.input_DG, (inputs, width)),
    'recurrent weights': (weights.recurrent_PG, (outputs, width)),
    'a bias': (weights.bias_G, (width,)),
    'a recurrent bias': (weights.recurrent_bias_H, candidate),
    'a state h': (state.h_BH, (batch, outputs)),
    'a state c': (state.c_BH, memory),
  }
  for name, (array, want) in pairs.items():
    shape = None if array is None else array.shape
    if shape != want:
      raise InputError(
        f'{cell}: {name} of shape {shape}, expected {want} for inputs of {x_BD.shape}'
      )


def _move(cell, weights, g_BG, state):
  hidden = weights.bias_G.size // GATES[cell]
  norm, bias_1G, candidate_1H = weights.norm, weights.bias_G[None], weights.recurrent_bias_H
  candidate_1H = None if candidate_1H is None else candidate_1H[None]

  def normalize(product, name, part=slice(None)):
    return product if norm is None else _normalize(product, getattr(norm, name)[part], hidden)

  g_BG = normalize(g_BG, 'input_G') + bias_1G
  if cell == 'gru_reset_before':
    return _reset_before(weights, g_BG, state, normalize)
  r_BG = normalize(state.h_BH @ weights.recurrent_PG, 'recurrent_G')
  if candidate_1H is not None:
    r_BG = r_BG.at[:, -hidden:].add(candidate_1H)
  if cell != 'lstm':
    return CELLS[cell].forward(g_BG, r_BG, state)[0]

  def memory(c_BH):
    return c_BH if norm is None else normalize(c_BH, 'memory_H') + norm.memory_shift_H[None]

  after, _ = CELLS[cell].forward(g_BG, r_BG, state, weights.peephole_3H, memory)
  projected = weights.projection_HP is not None
  return after._replace(h_BH=after.h_BH @ weights.projection_HP) if projected else after


def _reset_before(weights, g_BG, state, normalize):
  h, hidden = state.h_BH, state.h_BH.shape[-1]
  gates, candidate = slice(2 * hidden), slice(2 * hidden, None)
  product = normalize(h @ weights.recurrent_PG[:, gates], 'recurrent_G', gates)
  r, z = jnp.split(jax.nn.sigmoid(g_BG[:, gates] + product), 2, -1)
  product = normalize((r * h) @ weights.recurrent_PG[:, candidate], 'recurrent_G', candidate)
  n = jnp.tanh(g_BG[:, candidate] + product)
  return State(n + z * (h - n))


def _normalize(product_BG, scale_G, hidden):
  parts = product_BG.reshape(*product_BG.shape[:-1], -1, hidden)
  parts = parts - parts.mean(-1, keepdims=True)
  parts = parts * jax.lax.rsqrt(jnp.mean(parts * parts, -1, keepdims=True) + EPSILON)
  return parts.reshape(product_BG.shape) * scale_G[None]
