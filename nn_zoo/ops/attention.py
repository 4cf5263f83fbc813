"""Scaled dot-product attention and its masks.

Axes: B batch, T target time, S source time, H heads, G heads of keys and values, K width of a head.
"""

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError
from nn_zoo.ops.product import product

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


def attention(
  q_BTHK: jax.Array,
  k_BSGK: jax.Array,
  v_BSGK: jax.Array,
  mask: Mask | None = None,
  implementation: str = 'product',
) -> jax.Array:
  """y_t = sum_s p_ts v_s,   p_ts = softmax_s(q_t . k_s / sqrt(K)) over the s that t may see, [B, T, H, K].

  A target that may see nothing gets 0, and gives no gradient. With fewer heads of keys than of queries
  (G < H), each serves H / G neighbouring ones (grouped-query attention).

  Args:
    q_BTHK, k_BSGK, v_BSGK: queries, keys and values of one type.
    mask: which s each t may see; None: all.
    implementation: 'product', our kernels on a CPU and XLA's products elsewhere; 'xla', those everywhere;
      'cudnn', the fused kernel of a GPU, never chosen unasked (16-bit types, K a multiple of 8 up to 128, or
      256 on recent ones). It is told `causal` with a window or with lengths, and lengths alone, and spares
      what these hide; any other mask it reads as an array of all pairs, which is slower.

  Raises:
    InputError: an unknown implementation, one that cannot run here or not with this type or K, or heads
      that G does not divide.

  Sources: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762; Ainslie et al.
  2023, "GQA", https://arxiv.org/abs/2305.13245.
  """
  if implementation == 'cudnn':
    return _by_cudnn(q_BTHK, k_BSGK, v_BSGK, mask or Mask())
  k_BGSK, v_BGSK = k_BSGK.swapaxes(1, 2), v_BSGK.swapaxes(1, 2)
  return mixed(weights(q_BTHK, k_BGSK, mask, implementation), v_BGSK, implementation)


def _by_cudnn(q_BTHK, k_BSGK, v_BSGK, mask):
  time, source = q_BTHK.shape[1], k_BSGK.shape[1]
  # A gradient needs even numbers of targets and of places; what is added is not seen, or cut off again.
  more_T, more_S = (time % 2, source % 2) if time > 1 else (0, 0)

  def longer(x, *more):
    return jnp.pad(x, [(0, size) for size in more])

  fields, seen_BTH1 = _told(mask, len(q_BTHK), time, source)
  if 'mask' in fields:
    fields['mask'] = longer(fields['mask'], 0, 0, more_T, more_S)
  q_BTHK = longer(q_BTHK, 0, more_T, 0, 0)
  k_BSGK, v_BSGK = (longer(x, 0, more_S, 0, 0) for x in (k_BSGK, v_BSGK))
  y_BTHK = _cudnn(q_BTHK, k_BSGK, v_BSGK, **fields)[:, :time]
  return y_BTHK if seen_BTH1 is None else jnp.where(seen_BTH1, y_BTHK, 0)


def _told(mask, batch, time, source):
  # What cuDNN is told of a mask, and which targets see something; of the others it makes no 0.
  window = mask.window if mask.window < time else 0
  arbitrary = mask.seen_BHTS is not None or (window and mask.length_B is not None)
  # A single step it does not take as causal, and no window where there are fewer places than targets.
  if arbitrary or (mask.causal and not 1 < time <= source):
    seen_BHTS = mask.explicit(time, source)
    seen_BHTS = jnp.broadcast_to(seen_BHTS, (*seen_BHTS.shape[:2], time, source))
    return {'mask': seen_BHTS}, jnp.any(seen_BHTS, axis=-1, keepdims=True).swapaxes(1, 2)
  fields = {'is_causal': mask.causal}
  if window:
    fields['local_window_size'] = (window - 1, 0)
  if mask.length_B is not None:
    length_B = jnp.asarray(mask.length_B, jnp.int32)
    fields['key_value_seq_lengths'] = jnp.clip(length_B, 1, source)
    return fields, (length_B > 0)[:, None, None, None]
  if source % 2 and not mask.causal:
    fields['key_value_seq_lengths'] = jnp.full(batch, source, jnp.int32)
  return fields, None


def _cudnn(q_BTHK, k_BSGK, v_BSGK, **fields):
  if q_BTHK.dtype not in (jnp.bfloat16, jnp.float16):
    raise InputError(
      f"model.dtype='{q_BTHK.dtype}': attention='cudnn' expects 'bfloat16' or 'float16'"
    )
  width = q_BTHK.shape[-1]
  if width % 8 or width > 256:
    raise InputError(
      f"attention='cudnn' expects heads of a width that is a multiple of 8 up to 256, got {width}"
    )
  fields |= {'implementation': 'cudnn'}
  try:
    return jax.nn.dot_product_attention(q_BTHK, k_BSGK, v_BSGK, **fields)
  except (RuntimeError, ValueError, NotImplementedError) as error:
    reason = str(error).strip().splitlines()[0]
    raise InputError(f"attention='cudnn' cannot run here: {reason} Try 'product'") from error


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
