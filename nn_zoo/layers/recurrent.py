"""Recurrent layers: a stack of Elman networks, LSTMs or GRUs, in one direction or both.

Axes: B batch, T time, D inputs, F outputs.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import promote_dtype

from nn_zoo.errors import InputError
from nn_zoo.ops import recurrence as ops
from nn_zoo.ops.random import bernoulli
from nn_zoo.ops.recurrence_cells import State
from nn_zoo.ops.recurrence_variants import GATES, Norm, Weights

States = tuple[State, ...]  # first layer to last; forward before backward where there are both


class Recurrent(nn.Module):
  """y_t of the last layer, each layer a `nn_zoo.ops.recurrence` of the outputs of the one below.

  Attributes:
    cell: a key of GATES: 'lstm', 'gru', 'gru_reset_before', 'rnn_tanh' or 'rnn_relu'.
    features: hidden units of a direction.
    layers: on top of each other.
    bidirectional: a second set of weights walks from each sequence's end; outputs lie side by side.
    dropout: rate between layers.
    variational: one dropout mask for all time steps of a sequence.
    layer_norm, peepholes, projection (outputs of a direction; 0: none): see `ops.recurrence.recurrence`; the
      last two belong to LSTMs.
    forget_bias: of an LSTM's forget gate at the beginning.
    chrono: steps that an LSTM or a GRU is to remember: the gates that keep (an LSTM's forget, a GRU's update
      gate) begin with a bias of log u, u uniform from 1 to chrono - 1, an LSTM's input gates with -log u;
      0: with `forget_bias` and 0.
    dtype: of the computation; parameters are float32.

  Sources: Gal & Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural
  Networks", https://arxiv.org/abs/1512.05287; Jozefowicz, Zaremba & Sutskever 2015, "An Empirical
  Exploration of Recurrent Network Architectures", https://proceedings.mlr.press/v37/jozefowicz15.html, for
  the forget gate's bias; Tallec & Ollivier 2018, "Can recurrent neural networks warp time?",
  https://arxiv.org/abs/1804.11188, for `chrono`.
  Departures: masks of Gal & Ghahramani are between layers alone, not on the recurrent connections.
  """

  cell: str
  features: int
  layers: int = 1
  bidirectional: bool = False
  dropout: float = 0.0
  variational: bool = False
  layer_norm: bool = False
  peepholes: bool = False
  projection: int = 0
  forget_bias: float = 1.0
  chrono: int = 0
  dtype: Any = None

  def __post_init__(self):
    if self.cell not in GATES:
      raise InputError(f'cell={self.cell!r}: expected one of {", ".join(GATES)}')
    if min(self.features, self.layers) < 1 or self.projection < 0 or not 0 <= self.dropout < 1:
      raise InputError(
        f'features={self.features}, layers={self.layers}, projection={self.projection}, '
        f'dropout={self.dropout}: expected 1 or more, 1 or more, 0 or more, and from 0 to below 1'
      )
    for name in ('peepholes', 'projection'):
      if getattr(self, name) and self.cell != 'lstm':
        raise InputError(f"{name}={getattr(self, name)!r}: for cell='lstm', not {self.cell!r}")
    if self.chrono and self.cell.startswith('rnn'):
      raise InputError(f'chrono={self.chrono}: for an LSTM or a GRU, not {self.cell!r}')
    if self.chrono and self.chrono < 3:
      raise InputError(f'chrono={self.chrono}: expected 0, or 3 steps or more')
    super().__post_init__()

  def __call__(
    self,
    x_BTD: jax.Array,
    length_B: jax.Array | None = None,
    initial: States | None = None,
    train: bool = False,
    return_state: bool = False,
  ) -> jax.Array | tuple[jax.Array, States]:
    """Outputs of all steps, 0 after a sequence's end; with `return_state` also the last states.

    Args:
      x_BTD: inputs.
      length_B: steps of each sequence, integers from 1 to T; None: all have T.
      initial: states before the first step; None: zeros.
      train: apply dropout.
      return_state: return the states after each sequence's last step, too.
    """
    weights, (x,) = self._weights(x_BTD.shape[-1], x_BTD)
    before, last = self._states(initial, len(x), x.dtype), []
    for layer in range(self.layers):
      outputs = []
      for reverse in self._directions:
        mine, state = weights[len(last)], before[len(last)]
        y, state = ops.recurrence(self.cell, mine, x, state, length_B, reverse)
        outputs.append(y)
        last.append(state)
      x = jnp.concatenate(outputs, -1) if len(outputs) > 1 else outputs[0]
      if layer + 1 < self.layers:
        x = self._dropped(x, train)
    return (x, tuple(last)) if return_state else x

  def step(self, x_BD: jax.Array, state: States) -> tuple[jax.Array, States]:
    """One time step, for decoding: (y_BF, the next states); without dropout."""
    if self.bidirectional:
      raise InputError('bidirectional=True: a single step needs a network of one direction')
    weights, (x,) = self._weights(x_BD.shape[-1], x_BD)
    after = []
    for mine, before in zip(weights, self._states(state, len(x), x.dtype), strict=True):
      after.append(ops.step(self.cell, mine, x, before))
      x = after[-1].h_BH
    return x, tuple(after)

  def initial_state(self, batch: int) -> States:
    """Zeros."""
    dtype = self.dtype or jnp.float32
    c_BH = jnp.zeros((batch, self.features), dtype) if self.cell == 'lstm' else None
    state = State(jnp.zeros((batch, self._outputs), dtype), c_BH)
    return (state,) * (self.layers * len(self._directions))

  @property
  def _directions(self):
    return (False, True) if self.bidirectional else (False,)

  @property
  def _outputs(self):
    return self.projection or self.features

  def _states(self, states, batch, dtype):
    states = self.initial_state(batch) if states is None else states
    count = self.layers * len(self._directions)
    if len(states) != count:
      raise InputError(
        f'{len(states)} initial state(s), expected {count}, one a layer and direction'
      )
    return jax.tree.map(lambda array: array.astype(dtype), states)

  def _dropped(self, x_BTF, train):
    if not train or not self.dropout:
      return x_BTF
    times = 1 if self.variational else x_BTF.shape[1]
    shape = len(x_BTF), times, x_BTF.shape[2]
    kept = bernoulli(self.make_rng('dropout'), 1 - self.dropout, shape)
    return jnp.where(kept, x_BTF / (1 - self.dropout), 0)

  @nn.compact
  def _weights(self, inputs, *arrays):
    # Weights of each layer and direction, and the arrays, all in the type of the computation.
    weights = []
    for layer in range(self.layers):
      for reverse in self._directions:
        name = f'{"backward" if reverse else "forward"}_{layer}'
        fields = self.cell, self.features, self.layer_norm, self.peepholes, self.projection
        weights.append(_Direction(*fields, self.forget_bias, self.chrono, name=name)(inputs))
      inputs = self._outputs * len(self._directions)
    leaves, tree = jax.tree.flatten((weights, arrays))
    return jax.tree.unflatten(tree, promote_dtype(*leaves, dtype=self.dtype))


class _Direction(nn.Module):
  cell: str
  features: int
  layer_norm: bool
  peepholes: bool
  projection: int
  forget_bias: float
  chrono: int

  @nn.compact
  def __call__(self, inputs):
    hidden, gates = self.features, GATES[self.cell]
    outputs, width = self.projection or hidden, gates * hidden
    init = nn.initializers

    def bias(key, shape, dtype):
      bias_G, keep = jnp.zeros(shape, dtype), slice(hidden, 2 * hidden)
      if not self.chrono:
        return bias_G.at[keep].set(self.forget_bias) if self.cell == 'lstm' else bias_G
      log_H = jnp.log(jax.random.uniform(key, (hidden,), dtype, 1, self.chrono - 1))
      bias_G = bias_G.at[keep].set(log_H)
      return bias_G.at[:hidden].set(-log_H) if self.cell == 'lstm' else bias_G

    def param(name, wanted, initializer, *shape):
      return self.param(name, initializer, shape, jnp.float32) if wanted else None

    norm, memory = None, self.cell == 'lstm'
    if self.layer_norm:
      norm = Norm(
        param('input_scale', True, init.ones, width),
        param('recurrent_scale', True, init.ones, width),
        param('memory_scale', memory, init.ones, hidden),
        param('memory_shift', memory, init.zeros, hidden),
      )
    return Weights(
      param('input', True, _by_gate(init.glorot_uniform(), gates), inputs, width),
      param('recurrent', True, _by_gate(init.orthogonal(), gates), outputs, width),
      param('bias', True, bias, width),
      param('recurrent_bias', self.cell == 'gru', init.zeros, hidden),
      param('peephole', self.peepholes, init.zeros, 3, hidden),
      param('projection', self.projection, init.lecun_normal(), hidden, outputs),
      norm,
    )


def _by_gate(initializer, gates):
  def initialize(key, shape, dtype):
    part = *shape[:-1], shape[-1] // gates
    parts = [initializer(each, part, dtype) for each in jax.random.split(key, gates)]
    return jnp.concatenate(parts, -1)

  return initialize
