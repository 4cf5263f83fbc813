"""Recurrent language models: what comes next, after each token of a text.

Axes: B batch, T time, D features of the inputs, F features, V vocabulary.
"""

from typing import Any

import jax
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.recurrent import Recurrent, States
from nn_zoo.named import DType


class RecurrentLM(nn.Module):
  """Recurrent layers over a text, and what comes next after each of its tokens.

  logits_t = head(h_t),   h_t = the recurrent layers' outputs after tokens 0 ... t

  Inputs are token ids [batch, time]; the outputs are logits [batch, time, vocabulary] of the token that
  follows each of them.

  Attributes:
    vocabulary: token ids.
    cell: a name in `nn_zoo.ops.recurrence.GATES`, such as 'lstm', 'gru' or 'rnn_tanh'.
    units: hidden units of a layer.
    layers: recurrent layers on top of each other.
    embedding: width of the tokens' embedding; 0: tokens are one-hot vectors.
    tied: the output's weights are those of the embedding, whose width is then `units`.
    dropout: share set to 0 in training: of embedded tokens, between layers, and before the output.
    variational: dropout takes the same features at all steps of a window.
    layer_norm: normalizes the layers' products.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Sources: Mikolov et al. 2010, "Recurrent neural network based language model",
  https://doi.org/10.21437/Interspeech.2010-343; Zaremba, Sutskever & Vinyals 2014, "Recurrent neural network
  regularization", https://arxiv.org/abs/1409.2329, for the dropout; Press & Wolf 2016, "Using the output
  embedding to improve language models", https://arxiv.org/abs/1608.05859, for tied weights.
  """

  vocabulary: int
  cell: str = 'lstm'
  units: int = 256
  layers: int = 1
  embedding: int = 0
  tied: bool = False
  dropout: float = 0.0
  variational: bool = False
  layer_norm: bool = False
  dtype: DType = None

  def setup(self):
    if self.tied and self.embedding != self.units:
      raise InputError(
        f'model.embedding={self.embedding}: model.tied=True needs that of model.units={self.units}'
      )
    if self.embedding:
      self.embed = nn.Embed(self.vocabulary, self.embedding, dtype=self.dtype)
    self.recurrent = Recurrent(**self._recurrent)
    self.drop = Dropout(self.dropout, broadcast_dims=(1,) if self.variational else ())
    if self.tied:
      self.bias = self.param('bias', nn.initializers.zeros, (self.vocabulary,))
    else:
      self.head = nn.Dense(self.vocabulary, dtype=self.dtype)

  def __call__(self, tokens_BT: jax.Array, train: bool = False) -> jax.Array:
    """Logits after each token, the state before the first being 0."""
    return self._logits(self.recurrent(self._embedded(tokens_BT, train), train=train), train)

  def read(
    self, tokens_BT: jax.Array, states: States, train: bool = False
  ) -> tuple[jax.Array, States]:
    """Logits after each token, and the states after the last, from those before the first."""
    x_BTD = self._embedded(tokens_BT, train)
    y_BTF, states = self.recurrent(x_BTD, initial=states, train=train, return_state=True)
    return self._logits(y_BTF, train), states

  def step(self, tokens_B: jax.Array, states: States) -> tuple[jax.Array, States]:
    """Logits after one more token, and the states after it."""
    y_BF, states = self.recurrent.step(self._embedded(tokens_B, False), states)
    return self._logits(y_BF, False), states

  @nn.nowrap
  def initial_state(self, batch: int) -> States:
    """Zeros, the states before any token."""
    return Recurrent(**self._recurrent, parent=None).initial_state(batch)

  @property
  def _recurrent(self) -> dict[str, Any]:
    return {
      'cell': self.cell,
      'features': self.units,
      'layers': self.layers,
      'dropout': self.dropout,
      'variational': self.variational,
      'layer_norm': self.layer_norm,
      'dtype': self.dtype,
    }

  def _embedded(self, tokens, train):
    if not self.embedding:
      return jax.nn.one_hot(tokens, self.vocabulary, dtype=self.dtype or 'float32')
    return self.drop(self.embed(tokens), deterministic=not train)

  def _logits(self, y, train):
    y = self.drop(y, deterministic=not train)
    if not self.tied:
      return self.head(y)
    logits = self.embed.attend(y)
    return logits + self.bias.astype(logits.dtype).reshape((1,) * (logits.ndim - 1) + (-1,))
