"""Attention on a CPU as one kernel of `nn_zoo.native`, which keeps no array of all pairs of places.

It goes block by block of targets, skips what a mask hides, and makes the scores again for the gradient; see
`nn_zoo/native/attention.h`. It can be differentiated any number of times, forward and reverse; forward mode
and derivatives after the first are those of `nn_zoo.ops.attention_weights`.

Axes: B batch, T target time, S source time, H heads, G heads of keys and values, K width of a head, N keys of
random draws, each for as many rows of the batch.

Source: Dao, Fu, Ermon, Rudra & Re 2022, "FlashAttention", https://arxiv.org/abs/2205.14135.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.interpreters import ad, batching

from nn_zoo.native import library
from nn_zoo.ops.attention_weights import Mask, mixed, thinned, weights
from nn_zoo.ops.kernel import kernel
from nn_zoo.ops.linear import linear
from nn_zoo.ops.product import ROUNDED, TYPES
from nn_zoo.ops.random import fits
from nn_zoo.ops.varying import alike

LEAST = 2**12  # pairs of places, below which a call costs more than it gains
IMPL = 'threefry2x32'


def suits(
  q_BTHK: jax.Array,
  k_BSGK: jax.Array,
  mask: Mask | None,
  dropout: float,
  key: jax.Array | None,
) -> bool:
  """Whether `attend` pays: on a CPU, for several targets, and a mask that is no array of pairs."""
  batch, time, heads, _ = q_BTHK.shape
  return (
    jax.default_backend() == 'cpu'
    and q_BTHK.dtype == k_BSGK.dtype
    and q_BTHK.dtype in TYPES
    and time > 1
    and batch * heads * time * k_BSGK.shape[1] >= max(LEAST, 1)
    and (mask is None or mask.seen_BHTS is None)
    and (not dropout or fits(key))
    and not library.load()
  )


def attend(
  q_BTHK: jax.Array,
  k_BSGK: jax.Array,
  v_BSGK: jax.Array,
  mask: Mask | None = None,
  dropout: float = 0.0,
  key: jax.Array | None = None,
) -> jax.Array:
  """`nn_zoo.ops.attention.attention`, for what `suits`."""
  mask, (batch, source) = mask or Mask(), k_BSGK.shape[:2]
  length_B = jnp.full(batch, source) if mask.length_B is None else mask.length_B
  length_B = jnp.broadcast_to(length_B, batch)
  keys_N2 = jax.random.key_data(key)[None] if dropout else jnp.zeros((1, 2), jnp.uint32)
  wide = (x.astype(jnp.float32) for x in (q_BTHK, k_BSGK, v_BSGK))
  arrays = *wide, length_B.astype(jnp.int32), keys_N2
  how = {'causal': mask.causal, 'window': mask.window, 'dropout': dropout}
  # What JAX is asked for where the attention stands, which is what its derivatives get, too.
  narrow = q_BTHK.dtype == jnp.bfloat16
  how['precision'] = 'bfloat16' if narrow else jax.config.jax_default_matmul_precision
  y_BTHK, _ = forward_p.bind(*alike(arrays), **how)
  return y_BTHK.astype(q_BTHK.dtype)


def _plain(q_BTHK, k_BSGK, v_BSGK, length_B, keys_N2, *, causal, window, dropout, precision):
  # The second result is what the kernel keeps for its gradient, [B, H, T]; this one's gradient needs nothing.
  batch, time, heads, _ = q_BTHK.shape
  with jax.default_matmul_precision(precision):
    mask = Mask(causal, window, length_B)
    p_BHTS = weights(q_BTHK, k_BSGK.swapaxes(1, 2), mask)
    p_NBHTS = p_BHTS.reshape(len(keys_N2), -1, *p_BHTS.shape[1:])
    keys_N = jax.random.wrap_key_data(keys_N2, impl=IMPL)
    p_NBHTS = jax.vmap(functools.partial(thinned, dropout=dropout))(p_NBHTS, key=keys_N)
    y_BTHK = mixed(p_NBHTS.reshape(p_BHTS.shape), v_BSGK.swapaxes(1, 2))
  return alike((y_BTHK, jnp.zeros((batch, heads, time), q_BTHK.dtype)))


def _plain_backward(q_BTHK, k_BSGK, v_BSGK, length_B, keys_N2, y_BTHK, log_sum_BHT, dy_BTHK, **how):
  del y_BTHK, log_sum_BHT
  run = _of_floats(length_B, keys_N2, how)
  return jax.vjp(run, q_BTHK, k_BSGK, v_BSGK)[1](dy_BTHK)


def _of_floats(length_B, keys_N2, how):
  return lambda q, k, v: _plain(q, k, v, length_B, keys_N2, **how)[0]


@functools.cache
def _slopes(**how):
  # The derivative in queries, keys and values, and its transpose, for `linear`.

  def along(residuals: Any, tangents: Any) -> jax.Array:
    q_BTHK, k_BSGK, v_BSGK, length_B, keys_N2, *_ = residuals
    return jax.jvp(_of_floats(length_B, keys_N2, how), (q_BTHK, k_BSGK, v_BSGK), tangents)[1]

  def back(residuals: Any, dy_BTHK: jax.Array) -> tuple[jax.Array, ...]:
    return tuple(backward_p.bind(*alike((*residuals, dy_BTHK)), **how))

  return along, back


def _jvp(primals, tangents, **how):
  y_BTHK, log_sum_BHT = forward_p.bind(*primals, **how)
  residuals = (*primals, y_BTHK, log_sum_BHT)
  tangents = tuple(map(ad.instantiate_zeros, tangents[:3]))
  dy_BTHK = linear(*_slopes(**how), residuals, tangents)
  return (y_BTHK, log_sum_BHT), (dy_BTHK, jnp.zeros_like(log_sum_BHT))


def _jvp_backward(primals, tangents, **how):
  tangents = tuple(map(ad.instantiate_zeros, tangents))
  return jax.jvp(functools.partial(_plain_backward, **how), primals, tangents)


def _map(primitive, arrays, axes, **how):
  # A longer batch, with as many more keys.
  count = next(a.shape[axis] for a, axis in zip(arrays, axes, strict=True) if axis is not None)

  def longer(array, axis):
    whole = (count, *array.shape)
    array = jnp.broadcast_to(array, whole) if axis is None else jnp.moveaxis(array, axis, 0)
    return array.reshape(-1, *array.shape[2:])

  found = primitive.bind(*map(longer, arrays, axes), **how)
  return [each.reshape(count, -1, *each.shape[1:]) for each in found], [0] * len(found)


def _primitive(name, plain, target, like):
  def cpu(*arrays, causal, window, dropout, precision):
    floats = {array.dtype for array in arrays[:3] + arrays[5:]}
    if floats != {jnp.dtype('float32')} or library.load():
      return None
    fields = {'causal': causal, 'window': np.int64(window), 'keep': np.float32(1 - dropout)}
    call = jax.ffi.ffi_call(target, like(*map(jax.typeof, arrays)))
    return call(*arrays, **fields, rounded=precision in ROUNDED)

  primitive = kernel(name, plain, cpu)
  batching.primitive_batchers[primitive] = functools.partial(_map, primitive)
  return primitive


def _forward_like(q, *_):
  batch, time, heads, _ = q.shape
  return [q, q.update(shape=(batch, heads, time))]


forward_p = _primitive('attend', _plain, library.ATTEND, _forward_like)
backward_p = _primitive(
  'attend_backward', _plain_backward, library.ATTEND_BACKWARD, lambda q, k, v, *_: [q, k, v]
)
ad.primitive_jvps[forward_p] = _jvp
ad.primitive_jvps[backward_p] = _jvp_backward
