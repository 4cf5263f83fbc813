"""BERT: a Transformer that reads a whole text at once, and says what kind it is.

Axes: B batch, T time, D features, K classes.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.dense import Dense
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.transformer import Stack
from nn_zoo.named import DType
from nn_zoo.ops.attention import Mask
from nn_zoo.ops.sequences import parts


class BERT(nn.Module):
  """A Transformer over a whole text, and a dense layer on what it makes of the first token.

  logits = head(tanh(pooler(y_0))),   y = blocks(norm(embed(tokens) + positions + segment))

  Attributes:
    vocabulary: token ids.
    classes: outputs; 0: those of the pooler, as the paper's trunk has them.
    length: tokens of the longest text.
    width: D.
    layers: blocks.
    heads: of every attention.
    hidden: units of the feed-forward nets; 0: 4 x width.
    segments: kinds of segments, of which texts here have the first; 0 for no such vector.
    dropout: share set to 0 in training, see `nn_zoo.layers.transformer.Block`.
    drop_path, remat, scan: see `nn_zoo.layers.transformer.Stack`.
    implementation: see `nn_zoo.ops.attention.attention`.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Inputs are token ids [B, T] or {'values', 'length'}; what stands after a text's end changes nothing.

  Source: Devlin et al. 2019, "BERT: pre-training of deep bidirectional Transformers for language
  understanding", https://arxiv.org/abs/1810.04805.
  Departure: a text has no token [CLS] of its own; its first token is read in that place.
  """

  vocabulary: int
  classes: int = 2
  length: int = 512
  width: int = 768
  layers: int = 12
  heads: int = 12
  hidden: int = 0
  segments: int = 2
  dropout: float = 0.1
  drop_path: float = 0.0
  remat: bool = False
  scan: bool = False
  implementation: str = 'product'
  dtype: DType = None

  @nn.compact
  def __call__(self, inputs: Any, train: bool = False) -> jax.Array:
    tokens_BT, length_B = parts(inputs)
    time, small = tokens_BT.shape[1], nn.initializers.normal(0.02)
    if time > self.length:
      raise InputError(
        f'model.length={self.length}: the data has texts of {time} tokens; raise it, or lower data.length'
      )
    fields = {'embedding_init': small, 'dtype': self.dtype}
    x_BTD = nn.Embed(self.vocabulary, self.width, **fields, name='embed')(tokens_BT)
    position_TD = self.param('position', small, (self.length, self.width))[:time]
    x_BTD += position_TD[None].astype(x_BTD.dtype)
    if self.segments:
      segment_SD = self.param('segment', small, (self.segments, self.width))
      x_BTD += segment_SD[None, :1].astype(x_BTD.dtype)
    x_BTD = nn.LayerNorm(1e-12, dtype=self.dtype, name='norm')(x_BTD)
    x_BTD = Dropout(self.dropout, deterministic=not train)(x_BTD)
    block = {
      'heads': self.heads,
      'hidden': self.hidden or 4 * self.width,
      'activation': 'gelu',
      'epsilon': 1e-12,
      'dropout': self.dropout,
      'implementation': self.implementation,
      'dtype': self.dtype,
    }
    stack = Stack(self.layers, block, self.drop_path, self.remat, self.scan, name='blocks')
    y_BTD, _ = stack(x_BTD, Mask(length_B=length_B), None, None, train)
    pooled_BD = jnp.tanh(Dense(self.width, dtype=self.dtype, name='pooler')(y_BTD[:, 0]))
    if not self.classes:
      return pooled_BD
    pooled_BD = Dropout(self.dropout, deterministic=not train)(pooled_BD)
    return nn.Dense(self.classes, dtype=self.dtype, name='head')(pooled_BD)
