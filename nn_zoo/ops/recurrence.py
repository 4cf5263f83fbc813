"""Recurrent networks over whole sequences: Elman's network, LSTM and GRU with their published variants.

Axes: B batch, T time, D inputs, H hidden, P outputs (H without a projection), G gates x hidden.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.ops.recurrence_cells import CELLS, State
from nn_zoo.ops.recurrence_sequence import Arguments, sequence
from nn_zoo.ops.recurrence_variants import GATES, Varied, Weights, move, variant
from nn_zoo.ops.recurrence_walk import Walk
from nn_zoo.ops.sequences import before_end
from nn_zoo.ops.varying import alike


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
  return variant(Walk(cell, reverse), Varied(x_BTD, weights, state, length_B))


def step(cell: str, weights: Weights, x_BD: jax.Array, state: State) -> State:
  """The state after one step of `recurrence`; its h_BH is the output."""
  _check_shapes(cell, weights, x_BD, state)
  return move(cell, weights, x_BD @ weights.input_DG, state)


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
  memory = (hidden,) if cell == 'lstm' else None
  norm = weights.norm

  def optional(array, of, *shape):
    return array, shape if array is not None and cell == of else None

  pairs = {
    'input weights': (weights.input_DG, (inputs, width)),
    'recurrent weights': (weights.recurrent_PG, (outputs, width)),
    'a bias': (weights.bias_G, (width,)),
    'a recurrent bias': optional(weights.recurrent_bias_H, 'gru', hidden),
    'peepholes': optional(weights.peephole_3H, 'lstm', 3, hidden),
    'a projection': optional(weights.projection_HP, 'lstm', hidden, outputs),
    'a state h': (state.h_BH, (batch, outputs)),
    'a state c': (state.c_BH, memory and (batch, hidden)),
  }
  if norm is not None:
    pairs |= {
      'a scale of the inputs': (norm.input_G, (width,)),
      'a scale of the state': (norm.recurrent_G, (width,)),
      'a scale of the memory': (norm.memory_H, memory),
      'a shift of the memory': (norm.memory_shift_H, memory),
    }
  for name, (array, want) in pairs.items():
    shape = None if array is None else array.shape
    if shape != want:
      raise InputError(
        f'{cell}: {name} of shape {shape}, expected {want} for inputs of {x_BD.shape}'
      )
