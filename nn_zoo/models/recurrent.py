"""Recurrent networks that classify sequences, or every step of them: Elman's network, LSTM and GRU.

Axes: B batch, T time, D features of the inputs, F features.
"""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.recurrent import Recurrent
from nn_zoo.named import DType
from nn_zoo.ops import sequences


class RNN(nn.Module):
  """Recurrent layers over a sequence, its steps pooled, one dense layer.

  logits = head(dropout(pool_t h_t)),   h = the last layer's outputs

  Inputs are sequences [batch, time, channels], or token ids [batch, time] with a `vocabulary`. Those of
  unequal length are {'values', 'length'}: what stands after the end has no influence. Images
  [batch, height, width, channels] are read as sequences of rows or pixels.

  Attributes:
    classes: outputs.
    cell: a name in CELLS.
    units: hidden units of each direction of a layer.
    layers: recurrent layers on top of each other.
    bidirectional: reads each sequence from both ends, with `units` for each.
    pool: 'last', the output after the last step (of each direction), 'mean' or 'max' over the steps.
    every_position: outputs [batch, time, classes], one per step, in place of [batch, classes].
    vocabulary: token ids, 0 for padding included; 0: the inputs are no tokens.
    embedding: width of the tokens' embedding.
    reads: 'rows' or 'pixels', what a step of an image is.
    permutation: seed of an order in which all images' pixels are read; 0 for their own.
    dropout: share set to 0 in training: of embedded tokens, between layers, and before the output.
    variational: dropout of tokens and between layers takes the same features at all steps.
    layer_norm: normalizes the layers' products.
    chrono: steps that the gates are to remember from the beginning (see `Recurrent`); 0: as they come.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Elman 1990, "Finding structure in time", https://doi.org/10.1207/s15516709cog1402_1.
  """

  CELLS: ClassVar[tuple[str, ...]] = ('rnn_tanh', 'rnn_relu')

  classes: int
  cell: str = 'rnn_tanh'
  units: int = 128
  layers: int = 1
  bidirectional: bool = False
  pool: str = 'last'
  every_position: bool = False
  vocabulary: int = 0
  embedding: int = 100
  reads: str = 'rows'
  permutation: int = 0
  dropout: float = 0.0
  variational: bool = False
  layer_norm: bool = False
  chrono: int = 0
  dtype: DType = None

  def setup(self):
    if self.cell not in self.CELLS:
      raise InputError(f'model.cell={self.cell!r}: expected {" or ".join(map(repr, self.CELLS))}')
    self.head = nn.Dense(self.classes, dtype=self.dtype)

  @nn.compact
  def features(self, x: Any, train: bool = False) -> jax.Array:
    """[batch, features] of a sequence, or [batch, time, features], before the output layer."""
    x_BTD, length_B = self._sequence(x, train)
    y_BTF = Recurrent(
      cell=self.cell,
      features=self.units,
      layers=self.layers,
      bidirectional=self.bidirectional,
      dropout=self.dropout,
      variational=self.variational,
      layer_norm=self.layer_norm,
      chrono=self.chrono,
      dtype=self.dtype,
      **self._options(),
    )(x_BTD, length_B, train=train)
    if not self.every_position:
      y_BTF = sequences.pool(y_BTF, length_B, self.pool, self.bidirectional)
    return Dropout(self.dropout, deterministic=not train)(y_BTF)

  def __call__(self, x: Any, train: bool = False) -> jax.Array:
    return self.head(self.features(x, train))

  def _options(self) -> dict[str, Any]:
    """What only some cells have."""
    return {}

  def _sequence(self, x, train):
    """Inputs as [batch, time, features], and the lengths."""
    values, length_B = sequences.parts(x)
    integers = values.dtype == jnp.int32
    dimensions = (2,) if integers else (3,) if length_B is not None else (3, 4)
    if integers != (self.vocabulary > 0) or values.ndim not in dimensions:
      expected = (
        'token ids [batch, time]' if self.vocabulary else 'reals [batch, time, channels] or images'
      )
      raise InputError(
        f'a recurrent network with vocabulary={self.vocabulary} takes {expected}, got {values.dtype} '
        f'{values.shape}'
      )
    if integers:
      embedded_BTD = nn.Embed(self.vocabulary, self.embedding, dtype=self.dtype)(values)
      shared = (1,) if self.variational else ()
      return Dropout(self.dropout, shared)(embedded_BTD, not train), length_B
    if values.ndim == 4:
      return sequences.of_images(values, self.reads, self.permutation), None
    return values, length_B


class LSTM(RNN):
  """Long short-term memory: an `RNN` whose cells keep, forget and give out what they hold by gates.

  Attributes:
    cell: 'lstm'.
    peepholes: the gates see the memory.
    projection: outputs of a cell, projected from its units; 0 for the units themselves.
    forget_bias: first value of the forget gate's bias.

  The others are those of `RNN`.

  Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", https://doi.org/10.1162/neco.1997.9.8.1735,
  with the forget gate of Gers, Schmidhuber & Cummins 2000, https://doi.org/10.1162/089976600300015015.
  """

  CELLS: ClassVar[tuple[str, ...]] = ('lstm',)

  cell: str = 'lstm'
  peepholes: bool = False
  projection: int = 0
  forget_bias: float = 1.0

  def _options(self) -> dict[str, Any]:
    return {
      'peepholes': self.peepholes,
      'projection': self.projection,
      'forget_bias': self.forget_bias,
    }


class GRU(RNN):
  """Gated recurrent units: an `RNN` whose state is updated and reset by gates.

  Attributes:
    cell: 'gru', with the reset gate after the recurrent product as in cuDNN, or 'gru_reset_before', as in
      the paper.

  The others are those of `RNN`.

  Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for statistical machine
  translation", https://arxiv.org/abs/1406.1078.
  """

  CELLS: ClassVar[tuple[str, ...]] = ('gru', 'gru_reset_before')

  cell: str = 'gru'


def siblings(model: RNN) -> dict[str, RNN]:
  """Elman's network, an LSTM and a GRU that differ in their cells alone, `model` being one of them.

  All gates begin alike; Elman's network has none.
  """
  own = ('cell', 'chrono', 'parent', 'name')
  shared = {field.name: getattr(model, field.name) for field in dataclasses.fields(RNN)}
  shared = {name: value for name, value in shared.items() if name not in own}
  gated = shared | {'chrono': model.chrono}
  kinds = {'rnn': RNN(**shared), 'lstm': LSTM(**gated), 'gru': GRU(**gated)}
  return {name: model if type(model) is type(kind) else kind for name, kind in kinds.items()}
