"""Scaled dot-product attention.

Axes: B batch, T target time, S source time, H heads, G heads of keys and values, K width of a head.
"""

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError
from nn_zoo.ops.attention_kernel import attend, suits
from nn_zoo.ops.attention_weights import IMPLEMENTATIONS, Mask, mixed, thinned, weights

__all__ = ['IMPLEMENTATIONS', 'Mask', 'attention', 'mixed', 'thinned', 'weights']


def attention(
  q_BTHK: jax.Array,
  k_BSGK: jax.Array,
  v_BSGK: jax.Array,
  mask: Mask | None = None,
  implementation: str = 'product',
  dropout: float = 0.0,
  key: jax.Array | None = None,
) -> jax.Array:
  """y_t = sum_s p_ts v_s,   p_ts = softmax_s(q_t . k_s / sqrt(K)) over the s that t may see, [B, T, H, K].

  A target that may see nothing gets 0, and gives no gradient. With fewer heads of keys than of queries
  (G < H), each serves H / G neighbouring ones (grouped-query attention).

  Args:
    q_BTHK, k_BSGK, v_BSGK: queries, keys and values of one type.
    mask: which s each t may see; None: all.
    implementation: 'product', our kernels on a CPU (see `nn_zoo.ops.attention_kernel`) and XLA's products
      elsewhere; 'xla', those everywhere;
      'cudnn', the fused kernel of a GPU, never chosen unasked (16-bit types, K a multiple of 8 up to 128, or
      256 on recent ones). It is told `causal` with a window or with lengths, and lengths alone, and spares
      what these hide; any other mask it reads as an array of all pairs, which is slower.
    dropout: share of the weights that is set to 0, with a key; the others grow by 1 / (1 - dropout). Not for
      'cudnn'.
    key: of `jax.random`, for the draws, which are those of an array [B, H, T, S]; None: no dropout.

  Raises:
    InputError: an unknown implementation, one that cannot run here or not with this type or K, or heads
      that G does not divide.

  Sources: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762; Ainslie et al.
  2023, "GQA", https://arxiv.org/abs/2305.13245.
  """
  if implementation == 'cudnn':
    return _by_cudnn(q_BTHK, k_BSGK, v_BSGK, mask or Mask())
  dropout = dropout if key is not None else 0.0
  if implementation == 'product' and suits(q_BTHK, k_BSGK, mask, dropout, key):
    return attend(q_BTHK, k_BSGK, v_BSGK, mask, dropout, key)
  k_BGSK, v_BGSK = k_BSGK.swapaxes(1, 2), v_BSGK.swapaxes(1, 2)
  p_BHTS = weights(q_BTHK, k_BGSK, mask, implementation)
  return mixed(thinned(p_BHTS, dropout, key), v_BGSK, implementation)


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
