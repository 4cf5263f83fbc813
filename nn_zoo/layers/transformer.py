"""Blocks of a Transformer, and stacks of them.

Axes: B batch, T target time, S source time, D features, F hidden.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.layers.activation import Activation
from nn_zoo.layers.attention import Attention, Cache
from nn_zoo.layers.dense import Dense
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.stochastic_depth import StochasticDepth, linear_rates
from nn_zoo.named import DType
from nn_zoo.ops.attention import Mask


class Known(NamedTuple):
  """What a block keeps for the steps to come: of its own steps, and of the memory it looks at."""

  own: Cache
  memory: Cache | None


class FeedForward(nn.Module):
  """y = activation(x W_1) W_2; 'swiglu': y = (silu(x W_g) * x W_1) W_2.

  Attributes:
    hidden: F.
    activation: a key of `nn_zoo.layers.activation.ACTIVATIONS`, or 'swiglu'.
    use_bias, dropout (of the hidden units), dtype: as elsewhere.

  Source of 'swiglu': Shazeer 2020, "GLU variants improve Transformer", https://arxiv.org/abs/2002.05202.
  """

  hidden: int
  activation: str = 'relu'
  use_bias: bool = True
  dropout: float = 0.0
  dtype: DType = None

  @nn.compact
  def __call__(self, x_BTD: jax.Array, train: bool = False) -> jax.Array:
    fields = {'use_bias': self.use_bias, 'dtype': self.dtype}
    h_BTF = Dense(self.hidden, **fields, name='in')(x_BTD)
    if self.activation == 'swiglu':
      h_BTF *= nn.silu(Dense(self.hidden, **fields, name='gate')(x_BTD))
    else:
      h_BTF = Activation(self.activation)(h_BTF)
    h_BTF = Dropout(self.dropout, deterministic=not train)(h_BTF)
    return Dense(x_BTD.shape[-1], **fields, name='out')(h_BTF)


class Block(nn.Module):
  """Self-attention, cross-attention where there is a memory, and a feed-forward net, each beside a short cut.

  before: x + f(norm(x));   after (pre_norm=False): norm(x + f(x))

  Attributes:
    heads, kv_heads, rotary, implementation: see `nn_zoo.layers.attention.Attention`.
    hidden, activation: see `FeedForward`.
    pre_norm: normalize before, not after.
    cross: look at a memory, too.
    epsilon: of the normalization.
    use_bias: of projections and dense layers.
    dropout: of what is added to the short cut, of attention's weights and of hidden units.
    drop_path: rate of stochastic depth, where a call gives none.

  Sources: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; Xiong et al. 2020, "On layer normalization
  in the Transformer architecture", https://arxiv.org/abs/2002.04745, for pre_norm.
  """

  heads: int
  hidden: int
  kv_heads: int = 0
  rotary: bool = False
  activation: str = 'relu'
  pre_norm: bool = False
  cross: bool = False
  epsilon: float = 1e-5
  use_bias: bool = True
  dropout: float = 0.0
  drop_path: float = 0.0
  implementation: str = 'product'
  dtype: DType = None

  @nn.compact
  def __call__(
    self,
    x_BTD: jax.Array,
    mask: Mask | None = None,
    memory_BSD: jax.Array | None = None,
    memory_mask: Mask | None = None,
    train: bool = False,
    known: Known | None = None,
    rate: jax.Array | None = None,
  ) -> tuple[jax.Array, Known]:
    """Outputs and what to keep; with `known` of the steps before, x is the next step (T = 1).

    A rate, an array [], takes the place of `drop_path`: blocks of a scan differ in it.
    """
    fields = {
      'use_bias': self.use_bias,
      'dropout': self.dropout,
      'implementation': self.implementation,
      'dtype': self.dtype,
    }

    def beside(name, x, branch):
      norm = nn.LayerNorm(self.epsilon, dtype=self.dtype, name=f'{name}_norm')
      y, kept = branch(norm(x) if self.pre_norm else x)
      y = Dropout(self.dropout, deterministic=not train)(y)
      x = x + StochasticDepth(self.drop_path if rate is None else rate)(y, train)
      return x if self.pre_norm else norm(x), kept

    def look(x):
      layer = Attention(self.heads, self.kv_heads, self.rotary, **fields, name='attention')
      return layer(x, mask=mask, train=train, cache=known and known.own)

    def look_across(x):
      layer = Attention(self.heads, self.kv_heads, **fields, name='cross_attention')
      return layer(x, memory_BSD, memory_mask, train, known=known and known.memory)

    def feed(x):
      own = {key: value for key, value in fields.items() if key != 'implementation'}
      return FeedForward(self.hidden, self.activation, **own, name='feed_forward')(x, train), None

    x_BTD, own = beside('attention', x_BTD, look)
    memory = None
    if self.cross:
      x_BTD, memory = beside('cross_attention', x_BTD, look_across)
    x_BTD, _ = beside('feed_forward', x_BTD, feed)
    return x_BTD, Known(own, memory)


class Stack(nn.Module):
  """Blocks on top of each other.

  Attributes:
    layers: how many.
    block: fields of `Block`, but for drop_path, which grows linearly to the last block's.
    drop_path: of the last block.
    remat: forget what is inside a block, and compute it again for the gradient.
    scan: one `lax.scan` over the blocks, whose parameters then lie along a leading axis: the program is as
      long as one block.

  Source of remat: Chen et al. 2016, "Training deep nets with sublinear memory cost",
  https://arxiv.org/abs/1604.06174.
  """

  layers: int
  block: dict[str, Any]
  drop_path: float = 0.0
  remat: bool = False
  scan: bool = False

  @nn.compact
  def __call__(
    self,
    x_BTD: jax.Array,
    mask: Mask | None = None,
    memory_BSD: jax.Array | None = None,
    memory_mask: Mask | None = None,
    train: bool = False,
    known: Any = None,
  ) -> tuple[jax.Array, Any]:
    """The last block's outputs and what each keeps, see `Block`; every array of it leads with the batch."""
    kind = nn.remat(Block, static_argnums=(5,)) if self.remat else Block
    rates = linear_rates(self.drop_path, self.layers)
    if self.scan:
      rate_L = jnp.asarray(rates) if self.drop_path else None
      walk = nn.scan(
        kind,
        variable_axes={'params': 0, 'intermediates': 0},
        split_rngs={'params': True, 'dropout': True},
        in_axes=(nn.broadcast,) * 4 + (1, 0),
        out_axes=1,
        length=self.layers,
      )
      scanned = walk(**self.block, name='blocks')
      return scanned(x_BTD, mask, memory_BSD, memory_mask, train, known, rate_L)
    kept = []
    for index, rate in enumerate(rates):
      block = kind(**self.block, drop_path=rate, name=f'block_{index}')
      before = known[index] if known else None
      x_BTD, now = block(x_BTD, mask, memory_BSD, memory_mask, train, before)
      kept.append(now)
    return x_BTD, tuple(kept)
