"""Scaled dot-product attention and its masks.

Axes: B batch, T target time, S source time, H heads, G heads of keys and values, K width of a head.
"""

import math

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError
from nn_zoo.ops.product import product

IMPLEMENTATIONS = ('product', 'xla', 'cudnn')


def attention(
  q_BTHK: jax.Array,
  k_BSGK: jax.Array,
  v_BSGK: jax.Array,
  mask: jax.Array | None = None,
  implementation: str = 'product',
) -> jax.Array:
  """y_t = sum_s p_ts v_s,   p_ts = softmax_s(q_t . k_s / sqrt(K)) over the s that t may see, [B, T, H, K].

  A target that may see nothing gets 0, and gives no gradient. With fewer heads of keys than of queries
  (G < H), each serves H / G neighbouring ones (grouped-query attention).

  Args:
    q_BTHK, k_BSGK, v_BSGK: queries, keys and values of one type.
    mask: True where t may see s, [B or 1, H or 1, T or 1, S]; None: everywhere.
    implementation: 'product', our kernels on a CPU and XLA's products elsewhere; 'xla', those everywhere;
      'cudnn', the fused kernel of a GPU, never chosen unasked (16-bit types, K a multiple of 8 up to 128, or
      256 on recent ones).

  Raises:
    InputError: an unknown implementation, one that cannot run here, or heads that G does not divide.

  Sources: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762; Ainslie et al.
  2023, "GQA", https://arxiv.org/abs/2305.13245.
  """
  if implementation == 'cudnn':
    return _by_cudnn(q_BTHK, k_BSGK, v_BSGK, mask)
  k_BGSK, v_BGSK = k_BSGK.swapaxes(1, 2), v_BSGK.swapaxes(1, 2)
  return mixed(weights(q_BTHK, k_BGSK, mask, implementation), v_BGSK, implementation)


def _by_cudnn(q_BTHK, k_BSGK, v_BSGK, mask):
  if mask is not None:  # which it takes for every target alone
    mask = jnp.broadcast_to(mask, (*mask.shape[:2], q_BTHK.shape[1], k_BSGK.shape[1]))
  try:
    y_BTHK = jax.nn.dot_product_attention(q_BTHK, k_BSGK, v_BSGK, mask=mask, implementation='cudnn')
  except (RuntimeError, ValueError, NotImplementedError) as error:
    reason = str(error).strip().splitlines()[0]
    raise InputError(f"attention='cudnn' cannot run here: {reason} Try 'product'") from error
  if mask is None:
    return y_BTHK
  # Where a target sees nothing cuDNN gives the mean of all values.
  seen_BTH1 = jnp.any(mask, axis=-1, keepdims=True).swapaxes(1, 2)
  return jnp.where(seen_BTH1, y_BTHK, 0)


def weights(
  q_BTHK: jax.Array,
  k_BGSK: jax.Array,
  mask: jax.Array | None = None,
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
  if mask is None:
    return jax.nn.softmax(score_BHTS, axis=-1).astype(q_BTHK.dtype)
  # A finite number, since -inf in a whole row gives NaN in value and gradient.
  score_BHTS = jnp.where(mask, score_BHTS, jnp.finfo(score_BHTS.dtype).min)
  return jnp.where(mask, jax.nn.softmax(score_BHTS, axis=-1), 0).astype(q_BTHK.dtype)


def mixed(p_BHTS: jax.Array, v_BGSK: jax.Array, implementation: str = 'product') -> jax.Array:
  """sum_s p_ts v_s, [B, T, H, K]."""
  batch, heads, time, _ = p_BHTS.shape
  p_BGNS = _grouped(p_BHTS, v_BGSK.shape[1])
  y_BGNK = _multiply(p_BGNS, v_BGSK, False, implementation)
  return y_BGNK.reshape(batch, heads, time, -1).swapaxes(1, 2)


def causal(time: int, window: int = 0) -> jax.Array:
  """A mask [1, 1, T, T]: t sees what is not after it, and of that the last `window` steps; 0 for all."""
  distance_TT = jnp.arange(time)[:, None] - jnp.arange(time)[None]
  seen_TT = distance_TT >= 0
  if window:
    seen_TT &= distance_TT < window
  return seen_TT[None, None]


def padding(length_B: jax.Array, time: int) -> jax.Array:
  """A mask [B, 1, 1, S]: what lies before each sequence's end is seen."""
  return (jnp.arange(time)[None] < length_B[:, None])[:, None, None]


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
