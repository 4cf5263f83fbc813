"""GPT: a Transformer that reads a text from left to right.

Axes: B batch, T time, D features, V vocabulary.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.attention import room
from nn_zoo.layers.dense import Dense
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.transformer import Known, Stack
from nn_zoo.named import DType
from nn_zoo.ops.attention import Mask

POSITIONS = ('learned', 'rotary')


class GPT(nn.Module):
  """What comes next after each token of a text, from the tokens of its window up to it.

  logits_t = head(norm(blocks(embed(tokens) + positions)_t)),   t sees 0 ... t

  A window begins without a past: training and evaluation give a token the context that it has in its own
  window. Writing keeps the keys and values of the last `context` tokens. With 'learned' positions, what is
  written takes room from the prompt, of which the end is read.

  Attributes:
    vocabulary: token ids.
    context: tokens that are looked at, at most.
    width: D.
    layers: blocks.
    heads: of every attention.
    kv_heads: of keys and values; 0: as many.
    window: tokens that a block looks at, the token itself among them, at most; 0: all of the context.
    hidden: units of the feed-forward nets; 0: 4 x width.
    positions: 'learned' (a vector for each) or 'rotary'.
    activation: of the feed-forward nets, such as 'gelu_tanh' or 'swiglu'.
    use_bias: of projections and dense layers.
    tied: the output's weights are those of the embedding.
    dropout: share set to 0 in training, see `nn_zoo.layers.transformer.Block`.
    drop_path: stochastic depth of the last block.
    remat, scan: see `nn_zoo.layers.transformer.Stack`.
    implementation: see `nn_zoo.ops.attention.attention`.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Radford et al. 2019, "Language models are unsupervised multitask learners",
  https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf
  """

  vocabulary: int
  context: int = 1024
  width: int = 768
  layers: int = 12
  heads: int = 12
  kv_heads: int = 0
  window: int = 0
  hidden: int = 0
  positions: str = 'learned'
  activation: str = 'gelu_tanh'
  use_bias: bool = True
  tied: bool = True
  dropout: float = 0.0
  drop_path: float = 0.0
  remat: bool = False
  scan: bool = False
  implementation: str = 'product'
  dtype: DType = None

  def setup(self):
    if self.positions not in POSITIONS:
      raise InputError(
        f'model.positions={self.positions!r}: expected {" or ".join(map(repr, POSITIONS))}'
      )
    small = nn.initializers.normal(0.02)
    self.embed = nn.Embed(self.vocabulary, self.width, embedding_init=small, dtype=self.dtype)
    if self.positions == 'learned':
      self.position = self.param('position', small, (self.context, self.width))
    block = {
      'heads': self.heads,
      'kv_heads': self.kv_heads,
      'hidden': self.hidden or 4 * self.width,
      'rotary': self.positions == 'rotary',
      'activation': self.activation,
      'pre_norm': True,
      'use_bias': self.use_bias,
      'dropout': self.dropout,
      'implementation': self.implementation,
      'dtype': self.dtype,
    }
    self.blocks = Stack(self.layers, block, self.drop_path, self.remat, self.scan)
    self.norm = nn.LayerNorm(1e-5, dtype=self.dtype)
    self.drop = Dropout(self.dropout)
    if not self.tied:
      self.head = Dense(self.vocabulary, use_bias=False, dtype=self.dtype)

  def __call__(self, tokens_BT: jax.Array, train: bool = False) -> jax.Array:
    """Logits after each token."""
    return self._logits(self._through(tokens_BT, train)[0])

  def read(
    self, tokens_BT: jax.Array, states: tuple[()], train: bool = False
  ) -> tuple[jax.Array, tuple[()]]:
    """Logits after each token of a window; nothing is carried to the next one."""
    return self(tokens_BT, train), states

  @nn.nowrap
  def initial_state(self, batch: int) -> tuple[()]:
    """Nothing, which is what a window leaves to the next one."""
    del batch
    return ()

  @nn.nowrap
  def read_before(self, size: int) -> int:
    """Tokens that `prime` reads, the last ones, where `size` more are written."""
    return self.context - (size if self.positions == 'learned' else 0)

  def prime(self, tokens_BT: jax.Array, size: int) -> Any:
    """The state for `step` after the last of some tokens, with room to write `size` more."""
    kept = self.read_before(size)
    if kept < 0:
      raise InputError(
        f'model.context={self.context}: {size} tokens do not fit; lower task.length, or train with '
        "model.positions='rotary'"
      )
    tokens_BT = tokens_BT[:, max(0, tokens_BT.shape[1] - kept) :]
    batch, time = tokens_BT.shape
    if time == 0:  # the form of a state, in which nothing counts
      tokens_BT = jnp.zeros((batch, 1), jnp.int32)
    _, known = self._through(tokens_BT, False)

    def placed(one):
      cache = room(one.own, min(self._window, time + size))
      return one._replace(own=cache._replace(position_B=cache.position_B * (time > 0)))

    return jax.tree.map(placed, known, is_leaf=lambda node: isinstance(node, Known))

  def step(self, tokens_B: jax.Array, states: Any) -> tuple[jax.Array, Any]:
    """Logits after one more token, and the state after it."""
    first = jax.tree.leaves(states, is_leaf=lambda node: isinstance(node, Known))[0]
    position_B1 = first.own.position_B.reshape(len(tokens_B), -1)[:, :1]
    x_B1D = self._embedded(tokens_B[:, None], position_B1, False)
    y_B1D, states = self.blocks(x_B1D, None, None, None, False, states)
    return self._logits(y_B1D)[:, 0], states

  def _through(self, tokens_BT, train):
    time = tokens_BT.shape[1]
    if time > self.context:
      raise InputError(f'model.context={self.context}: lower task.window={time} to it, or raise it')
    x_BTD = self._embedded(tokens_BT, jnp.arange(time)[None], train)
    return self.blocks(x_BTD, Mask(causal=True, window=self._window), None, None, train)

  @property
  def _window(self):
    return min(self.window or self.context, self.context)

  def _embedded(self, tokens_BT, position_BT, train):
    x_BTD = self.embed(tokens_BT)
    if self.positions == 'learned':
      x_BTD += jnp.asarray(self.position, x_BTD.dtype)[position_BT]
    return self.drop(x_BTD, deterministic=not train)

  def _logits(self, y_BTD):
    y_BTD = self.norm(y_BTD)
    return self.embed.attend(y_BTD) if self.tied else self.head(y_BTD)
