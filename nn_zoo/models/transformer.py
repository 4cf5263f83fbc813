"""The Transformer: an encoder, and a decoder that looks at it.

Axes: B batch, S source time, T target time, D features, V vocabulary.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.attention import Cache, room
from nn_zoo.layers.dense import Dense
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.positions import sinusoids
from nn_zoo.layers.transformer import Known, Stack
from nn_zoo.named import DType
from nn_zoo.ops.attention import Mask

POSITIONS = ('sinusoidal', 'learned', 'rotary')


class Transformer(nn.Module):
  """A text made from a text by attention alone.

  memory = encoder(embed(source) + positions);   logits = head(decoder(embed(tokens) + positions, memory))

  Attributes:
    vocabulary: token ids of targets.
    source_vocabulary: token ids of sources; 0: those of the targets, in one embedding.
    width: D.
    hidden: units of the feed-forward nets.
    heads: of every attention.
    kv_heads: of keys and values; 0: as many.
    encoder_layers, decoder_layers: blocks.
    positions: 'sinusoidal', 'learned' (a vector for each), or 'rotary'.
    length: tokens of the longest text.
    activation: of the feed-forward nets, such as 'relu', 'gelu' or 'swiglu'.
    pre_norm: normalize before attention and feed-forward nets, and once at the end.
    tied: the output's weights are those of the target's embedding.
    dropout: share set to 0 in training, see `nn_zoo.layers.transformer.Block`.
    drop_path: stochastic depth of the last blocks.
    remat, scan: see `nn_zoo.layers.transformer.Stack`.
    implementation: see `nn_zoo.ops.attention.attention`.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762.
  """

  vocabulary: int
  source_vocabulary: int = 0
  width: int = 512
  hidden: int = 2048
  heads: int = 8
  kv_heads: int = 0
  encoder_layers: int = 6
  decoder_layers: int = 6
  positions: str = 'sinusoidal'
  length: int = 256
  activation: str = 'relu'
  pre_norm: bool = False
  tied: bool = True
  dropout: float = 0.1
  drop_path: float = 0.0
  remat: bool = False
  scan: bool = False
  implementation: str = 'product'
  dtype: DType = None

  def setup(self):
    if self.positions not in POSITIONS:
      raise InputError(
        f'model.positions={self.positions!r}: expected {", ".join(map(repr, POSITIONS))}'
      )
    scaled = nn.initializers.normal(self.width**-0.5)
    self.embed = nn.Embed(self.vocabulary, self.width, embedding_init=scaled, dtype=self.dtype)
    if self.source_vocabulary:
      self.source_embed = nn.Embed(
        self.source_vocabulary, self.width, embedding_init=scaled, dtype=self.dtype
      )
    if self.positions == 'learned':
      learned = (nn.initializers.normal(0.02), (self.length, self.width))
      self.source_position = self.param('source_position', *learned)
      self.position = self.param('position', *learned)
    self.encoder = Stack(self.encoder_layers, self._block(False), **self._stack)
    self.decoder = Stack(self.decoder_layers, self._block(True), **self._stack)
    if self.pre_norm:
      self.encoder_norm = nn.LayerNorm(1e-5, dtype=self.dtype)
      self.decoder_norm = nn.LayerNorm(1e-5, dtype=self.dtype)
    if not self.tied:
      self.head = Dense(self.vocabulary, use_bias=False, dtype=self.dtype)
    self.drop = Dropout(self.dropout)

  def __call__(self, source: Any, tokens_BT: jax.Array, train: bool = False) -> jax.Array:
    """Logits of what follows each of `tokens_BT`, which begin with <s>."""
    memory_BSD, seen = self._encoded(source, train)
    place_BT = jnp.arange(tokens_BT.shape[1])[None]
    x_BTD = self._embedded(self.embed, tokens_BT, place_BT, train)
    y_BTD, _ = self.decoder(x_BTD, Mask(causal=True), memory_BSD, seen, train)
    return self._logits(y_BTD)

  def begin(self, source: Any, size: int) -> tuple[dict[str, Any], Any]:
    """What every step reads, keys and values of a source, and the state, with room for `size` steps."""
    if size > self.length and self.positions != 'rotary':
      raise InputError(
        f'model.length={self.length}: {size} steps do not fit; raise it, or lower task.length'
      )
    memory_BSD, _ = self._encoded(source, False)
    # What a step before the first would keep has the right form; no step of it is counted.
    _, known = self.decoder(jnp.zeros_like(memory_BSD[:, :1]), None, memory_BSD, None)

    def emptied(cache):
      return room(cache, size)._replace(position_B=0 * cache.position_B)

    own, seen = _parted(known)
    state = jax.tree.map(emptied, own, is_leaf=_is_cache)
    return {'seen': seen, 'length': source['length']}, state

  def step(self, tokens_B: jax.Array, state: Any, source: Any) -> tuple[jax.Array, Any]:
    """Logits of what follows one more token, and the state after it.

    Args:
      tokens_B: of texts, or of several for each source, next to one another.
      state, source: of `begin`; the state may be that of several texts for each source.
    """
    first = jax.tree.leaves(state, is_leaf=_is_cache)[0]
    position_B1 = first.position_B.reshape(len(tokens_B), -1)[:, :1]
    x_B1D = self._embedded(self.embed, tokens_B[:, None], position_B1, False)
    known = jax.tree.map(Known, state, source['seen'], is_leaf=_is_cache)
    seen = Mask(length_B=source['length'])
    y_B1D, known = self.decoder(x_B1D, None, None, seen, False, known)
    return self._logits(y_B1D)[:, 0], _parted(known)[0]

  def _block(self, cross):
    return {
      'heads': self.heads,
      'kv_heads': self.kv_heads,
      'hidden': self.hidden,
      'rotary': self.positions == 'rotary',
      'activation': self.activation,
      'pre_norm': self.pre_norm,
      'cross': cross,
      'dropout': self.dropout,
      'implementation': self.implementation,
      'dtype': self.dtype,
    }

  @property
  def _stack(self):
    return {'drop_path': self.drop_path, 'remat': self.remat, 'scan': self.scan}

  def _encoded(self, source, train):
    tokens_BS = source['values']
    embed = self.source_embed if self.source_vocabulary else self.embed
    x_BSD = self._embedded(embed, tokens_BS, jnp.arange(tokens_BS.shape[1])[None], train, True)
    seen = Mask(length_B=source['length'])
    y_BSD, _ = self.encoder(x_BSD, seen, None, None, train)
    return self.encoder_norm(y_BSD) if self.pre_norm else y_BSD, seen

  def _embedded(self, embed, tokens_BT, position_BT, train, source=False):
    x_BTD = embed(tokens_BT) * math.sqrt(self.width)
    if tokens_BT.shape[1] > self.length and self.positions != 'rotary':
      raise InputError(
        f'model.length={self.length}: a text has {tokens_BT.shape[1]} tokens; raise it, or lower data.length'
      )
    if self.positions == 'learned':
      table_TD = self.source_position if source else self.position
      x_BTD += jnp.asarray(table_TD, x_BTD.dtype)[position_BT]
    elif self.positions == 'sinusoidal':
      x_BTD += jnp.asarray(sinusoids(self.length, self.width), x_BTD.dtype)[position_BT]
    return self.drop(x_BTD, deterministic=not train)

  def _logits(self, y_BTD):
    if self.pre_norm:
      y_BTD = self.decoder_norm(y_BTD)
    return self.embed.attend(y_BTD) if self.tied else self.head(y_BTD)


def _is_cache(node):
  return isinstance(node, Cache)


def _parted(known):
  # What the blocks keep of their own steps, and of what they look at.
  is_known = lambda node: isinstance(node, Known)  # noqa: E731
  return tuple(
    jax.tree.map(lambda one, of=of: getattr(one, of), known, is_leaf=is_known)
    for of in ('own', 'memory')
  )
