"""Weights of scaled dot-product attention, and their masks.

Axes: B batch, T target time, S source time, H heads, G heads of keys and values, K width of a head.
"""

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError
from nn_zoo.ops.product import product
from nn_zoo.ops.random import bernoulli

IMPLEMENTATIONS = ('product', 'xla', 'cudnn')


@functools.partial(
  jax.tree_util.register_dataclass,
  data_fields=['length_B', 'seen_BHTS'],
  meta_fields=['causal', 'window'],
)
@dataclasses.dataclass(frozen=True)
class Mask:
  """Which places s a target t may see: those that each of its parts allows.

  Told apart so that a fused kernel need not read an array of all pairs, see `attention`.

  Attributes:
    causal: s is not after t, both counted from 0.
    window: s is one of the last `window` of those, of which t itself is one; 0 for all of them.
    length_B: s lies before the end of its sequence.
    seen_BHTS: any other rule, True where t may see s, [B or 1, H or 1, T or 1, S].

  Raises:
    InputError: a window that is negative, or without `causal`.
  """

  causal: bool = False
  window: int = 0
  length_B: jax.Array | None = None
  seen_BHTS: jax.Array | None = None

  def __post_init__(self):
    if self.window < 0 or (self.window and not self.causal):
      raise InputError(f'window={self.window}: expected 0, or with causal=True 1 or more')

  def explicit(self, time: int, source: int) -> jax.Array | None:
    """True where t may see s, [B or 1, H or 1, T or 1, S]; None: everywhere."""
    parts = []
    if self.causal:
      distance_TS = jnp.arange(time)[:, None] - jnp.arange(source)[None]
      seen_TS = distance_TS >= 0
      if self.window:
        seen_TS &= distance_TS < self.window
      parts.append(seen_TS[None, None])
    if self.length_B is not None:
      parts.append((jnp.arange(source)[None] < self.length_B[:, None])[:, None, None])
    if self.seen_BHTS is not None:
      parts.append(self.seen_BHTS)
    return functools.reduce(jnp.logical_and, parts) if parts else None


def weights(
  q_BTHK: jax.Array,
  k_BGSK: jax.Array,
  mask: Mask | None = None,
  implementation: str = 'product',
) -> jax.Array:
  """p of `attention`, [B, H, T, S], in the type of the queries; scores and softmax are float32 at least.

  Keys come head by head, as they are multiplied: whoever keeps them for later steps keeps them so.
  """
  batch, time, heads, width = q_BTHK.shape
  if heads % k_BGSK.shape[1]:
    raise InputError(f'kv_heads={k_BGSK.shape[1]}: expected a divisor of heads={heads}')
  q_BGNK = _grouped(q_BTHK.swapaxes(1, 2), k_BGSK.shape[1])
  score_BGNS = _scores(q_BGNK, k_BGSK, implementation)
  score_BHTS = score_BGNS.reshape(batch, heads, time, -1) / math.sqrt(width)
  seen_BHTS = mask.explicit(time, k_BGSK.shape[2]) if mask else None
  if seen_BHTS is None:
    return jax.nn.softmax(score_BHTS, axis=-1).astype(q_BTHK.dtype)
  # A finite number, since -inf in a whole row gives NaN in value and gradient.
  score_BHTS = jnp.where(seen_BHTS, score_BHTS, jnp.finfo(score_BHTS.dtype).min)
  return jnp.where(seen_BHTS, jax.nn.softmax(score_BHTS, axis=-1), 0).astype(q_BTHK.dtype)


def thinned(p_BHTS: jax.Array, dropout: float, key: jax.Array | None) -> jax.Array:
  """Weights, of which a share is set to 0 and the others grow by 1 / (1 - dropout); all, with dropout=0."""
  if not dropout:
    return p_BHTS
  kept_BHTS = bernoulli(key, 1 - dropout, p_BHTS.shape)
  return jnp.where(kept_BHTS, p_BHTS / (1 - dropout), 0)


def mixed(p_BHTS: jax.Array, v_BGSK: jax.Array, implementation: str = 'product') -> jax.Array:
  """sum_s p_ts v_s, [B, T, H, K]."""
  batch, heads, time, _ = p_BHTS.shape
  p_BGNS = _grouped(p_BHTS, v_BGSK.shape[1])
  y_BGNK = _multiply(p_BGNS, v_BGSK, False, implementation)
  return y_BGNK.reshape(batch, heads, time, -1).swapaxes(1, 2)


def _grouped(x_BHTN, groups):
  # Neighbouring heads that share keys, behind each other along time.
  batch, heads, time, last = x_BHTN.shape
  return x_BHTN.reshape(batch, groups, heads // groups * time, last)


def _scores(q_BGNK, k_BGSK, implementation):
  # Of 16 bits they are not rounded on the way: a score of 50 in bfloat16 can be off by an eighth.
  if jnp.finfo(q_BGNK.dtype).bits < 32:
    wide = {'preferred_element_type': jnp.float32}
    return jnp.matmul(q_BGNK, k_BGSK.swapaxes(-1, -2), **wide)
  return _multiply(q_BGNK, k_BGSK, True, implementation)


def _multiply(a, b, turned, implementation):
  if implementation == 'product':
    return product(a, b, b_turned=turned)
  if implementation == 'xla':
    return a @ (b.swapaxes(-1, -2) if turned else b)
  raise InputError(
    f'attention={implementation!r}: expected {", ".join(map(repr, IMPLEMENTATIONS))}'
  )
