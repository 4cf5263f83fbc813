"""Attention with several heads, as a layer with a cache for decoding.

Axes: B batch, T target time, S source time, D features, H heads, G heads of keys, K width of a head.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.dense import Dense
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.positions import rotated
from nn_zoo.named import DType
from nn_zoo.ops import attention as ops


class Cache(NamedTuple):
  """Keys and values of the steps so far, head by head, and how many those were; all lead with the batch."""

  k_BGSK: jax.Array
  v_BGSK: jax.Array
  position_B: jax.Array


class Attention(nn.Module):
  """y = [head_1 ... head_H] W_out,   head_h = attention(x W_q, memory W_k, memory W_v)_h

  Attributes:
    heads: of the queries.
    kv_heads: of keys and values, a divisor of `heads`; 0: as many.
    rotary: turn queries and keys by their positions (of memory = x only).
    use_bias: of the four projections.
    dropout: share of the weights set to 0 in training.
    implementation: see `nn_zoo.ops.attention.attention`; 'cudnn' takes no dropout.
    dtype: of the computation; parameters are float32.

  Weights are sown as 'attention' in the collection 'intermediates', [B, H, T, S], but with 'cudnn'.

  Sources: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; see `nn_zoo.ops.attention`.
  """

  heads: int
  kv_heads: int = 0
  rotary: bool = False
  use_bias: bool = True
  dropout: float = 0.0
  implementation: str = 'product'
  dtype: DType = None

  @nn.compact
  def __call__(
    self,
    x_BTD: jax.Array,
    memory_BSD: jax.Array | None = None,
    mask: ops.Mask | None = None,
    train: bool = False,
    cache: Cache | None = None,
    known: Cache | None = None,
  ) -> tuple[jax.Array, Cache]:
    """Outputs [B, T, D], and keys and values as a cache.

    Args:
      x_BTD: what looks.
      memory_BSD: what is looked at; None: x itself.
      mask: which s each t may see; None: all.
      train: apply dropout.
      cache: of the steps before, of x itself; x is then the next step alone (T = 1), and sees what is in
        the cache and itself. A full cache forgets its oldest step.
      known: keys and values of a memory that was looked at before; of fewer texts than x, if so many
        neighbouring rows of x look at the same one.
    """
    width, groups = x_BTD.shape[-1], self.kv_heads or self.heads
    if width % self.heads:
      raise InputError(f'model.heads={self.heads}: expected a divisor of the width {width}')
    size = width // self.heads
    if self.rotary and size % 2:
      raise InputError(
        f'model.heads={self.heads}: rotary positions take heads of an even width, and {size} is odd'
      )
    fields = {'use_bias': self.use_bias, 'dtype': self.dtype}

    def projected(name, x, heads):
      return Dense(heads * size, **fields, name=name)(x).reshape(*x.shape[:2], heads, size)

    q_BTHK = projected('query', x_BTD, self.heads)
    position_BT = jnp.arange(x_BTD.shape[1])[None]
    if cache is not None:
      if x_BTD.shape[1] != 1:
        raise ValueError(f'expected one step with a cache, got {x_BTD.shape[1]}')
      position_BT = cache.position_B[:, None]
    fresh = cache is None and known is None
    if known is None:
      memory = x_BTD if memory_BSD is None else memory_BSD
      k_BSGK, v_BSGK = (projected(name, memory, groups) for name in ('key', 'value'))
      if self.rotary:
        k_BSGK = rotated(k_BSGK, position_BT)
      steps_B = jnp.full(len(x_BTD), k_BSGK.shape[1])
      known = Cache(k_BSGK.swapaxes(1, 2), v_BSGK.swapaxes(1, 2), steps_B)
    if self.rotary:
      q_BTHK = rotated(q_BTHK, position_BT)
    if cache is not None:
      known, mask = _after(cache, known)
    # Beams of a text are its targets side by side: its keys are read once for all of them.
    q_BTHK = q_BTHK.reshape(len(known.k_BGSK), -1, *q_BTHK.shape[2:])
    y_BTHK = self._mixed(q_BTHK, known, mask, train, fresh)
    y_BTD = y_BTHK.reshape(*x_BTD.shape[:2], self.heads * size)
    return Dense(width, **fields, name='out')(y_BTD), known

  def _mixed(self, q_BTHK, known, mask, train, fresh):
    if self.implementation == 'cudnn':
      if self.dropout and train:
        raise InputError("model.dropout: attention='cudnn' takes none on its weights; expected 0")
      k_BSGK, v_BSGK = known.k_BGSK.swapaxes(1, 2), known.v_BGSK.swapaxes(1, 2)
      return ops.attention(q_BTHK, k_BSGK, v_BSGK, mask, 'cudnn')
    key = Dropout(self.dropout, deterministic=not train).key()
    # Kept keys lie head by head, as products of all pairs take them.
    if fresh and not self.is_mutable_collection('intermediates'):
      k_BSGK, v_BSGK = known.k_BGSK.swapaxes(1, 2), known.v_BGSK.swapaxes(1, 2)
      return ops.attention(q_BTHK, k_BSGK, v_BSGK, mask, self.implementation, self.dropout, key)
    p_BHTS = ops.weights(q_BTHK, known.k_BGSK, mask, self.implementation)
    self.sow('intermediates', 'attention', p_BHTS)
    if key is not None:
      p_BHTS = ops.thinned(p_BHTS, self.dropout, key)
    return ops.mixed(p_BHTS, known.v_BGSK, self.implementation)


def room(known: Cache, size: int) -> Cache:
  """A cache of `size` steps that holds the last of those in `known`."""

  def fitted(x_BGSK):
    # Step s lies in place s mod size, so that the next one takes the oldest one's.
    kept = x_BGSK[..., max(0, time - size) :, :]
    rest = [(0, 0)] * (x_BGSK.ndim - 2) + [(0, max(0, size - time)), (0, 0)]
    return jnp.roll(jnp.pad(kept, rest), max(0, time - size) % size, axis=-2)

  time = known.k_BGSK.shape[-2]
  return Cache(fitted(known.k_BGSK), fitted(known.v_BGSK), known.position_B)


def _after(cache, new):
  # The cache with one more step, and a mask of the places that are filled.
  size = cache.k_BGSK.shape[2]
  rows, place_B = jnp.arange(len(cache.position_B)), cache.position_B % size
  k_BGSK = cache.k_BGSK.at[rows, :, place_B].set(new.k_BGSK[:, :, 0])
  v_BGSK = cache.v_BGSK.at[rows, :, place_B].set(new.v_BGSK[:, :, 0])
  known = Cache(k_BGSK, v_BGSK, cache.position_B + 1)
  return known, ops.Mask(length_B=known.position_B)
