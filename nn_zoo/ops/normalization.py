"""Batch normalization in training, with the sum and the activation that often follow it, as one function.

  h = (x - mean) / sqrt(variance + epsilon);   y = min(max(scale h + bias + added, low), high)

mean and variance are those of each channel over all else. With low=0 y is ReLU of what is normalized, with
0 and 6 ReLU6; `added`, where it is given, is what a residual block adds.

On a CPU it is a kernel of `nn_zoo.native`, since XLA walks the arrays once for every sum and once for the
rest. Elsewhere it is the two equations as they stand. It can be differentiated any number of times, forward
and reverse.

Axes: N everything but the channels, C channels.

Source: Ioffe & Szegedy 2015, "Batch Normalization", https://arxiv.org/abs/1502.03167.
"""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.interpreters import ad, batching

from nn_zoo.native import library
from nn_zoo.ops.kernel import kernel
from nn_zoo.ops.linear import linear
from nn_zoo.ops.varying import alike


def batch_normalize(
  x: jax.Array,
  scale_C: jax.Array,
  bias_C: jax.Array,
  added: jax.Array | None = None,
  *,
  epsilon: float,
  low: float = -math.inf,
  high: float = math.inf,
) -> tuple[jax.Array, jax.Array, jax.Array]:
  """y of the equations above, with mean [C] and variance [C] of the batch, which are float32 at least.

  Args:
    x: [..., channels].
    scale_C, bias_C: as above.
    added: as above, of the shape and type of x; None for nothing.
    epsilon, low, high: as above; where y is limited its gradient is 0.
  """
  x, scale_C, bias_C, *added = alike((x, scale_C, bias_C, *(() if added is None else (added,))))
  x_NC, *added_NC = (array.reshape(math.prod(x.shape[:-1]), x.shape[-1]) for array in (x, *added))
  y_NC, mean_C, variance_C = forward_p.bind(
    x_NC, scale_C, bias_C, *added_NC, epsilon=epsilon, low=low, high=high
  )
  return y_NC.reshape(x.shape), mean_C, variance_C


def _wide(x):
  return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def _centered(x_NC, mean_C, variance_C, epsilon):
  return (_wide(x_NC) - mean_C[None]) * jax.lax.rsqrt(variance_C + epsilon)[None]


def _open(z_NC, low, high):
  return (z_NC > low) & (z_NC < high)


def _sum(h_NC, scale_C, bias_C, added_NC):
  return sum(map(_wide, added_NC), h_NC * scale_C[None] + bias_C[None])


def _plain(x_NC, scale_C, bias_C, *added_NC, epsilon, low, high):
  mean_C = jnp.mean(_wide(x_NC), axis=0)
  variance_C = jnp.mean((_wide(x_NC) - mean_C[None]) ** 2, axis=0)
  h_NC = _centered(x_NC, mean_C, variance_C, epsilon)
  z_NC = _sum(h_NC, scale_C, bias_C, added_NC)
  limited_NC = jax.lax.stop_gradient(jnp.clip(z_NC, low, high))
  y_NC = jnp.where(_open(z_NC, low, high), z_NC, limited_NC)
  return y_NC.astype(x_NC.dtype), mean_C, variance_C


def _plain_backward(
  x_NC, dy_NC, mean_C, variance_C, scale_C, bias_C, *added_NC, epsilon, low, high
):
  h_NC = _centered(x_NC, mean_C, variance_C, epsilon)
  open_NC = _open(_sum(h_NC, scale_C, bias_C, added_NC), low, high)
  g_NC = jnp.where(open_NC, _wide(dy_NC), 0)
  dbias_C, dscale_C = jnp.sum(g_NC, axis=0), jnp.sum(g_NC * h_NC, axis=0)
  left_NC = g_NC - dbias_C[None] / len(x_NC) - h_NC * dscale_C[None] / len(x_NC)
  dx_NC = left_NC * (scale_C * jax.lax.rsqrt(variance_C + epsilon))[None]
  slopes = dx_NC, dscale_C, dbias_C, *(g_NC for _ in added_NC)
  like = x_NC, scale_C, bias_C, *added_NC
  return tuple(slope.astype(array.dtype) for slope, array in zip(slopes, like, strict=True))


@functools.cache
def _slopes(epsilon, low, high):
  # The derivative in x, scale, bias and what is added, and its transpose, for `linear`.

  def along(residuals, tangents):
    x_NC, mean_C, variance_C, scale_C, bias_C, *added_NC = residuals
    dx_NC, dscale_C, dbias_C, *dadded_NC = tangents
    h_NC = _centered(x_NC, mean_C, variance_C, epsilon)
    open_NC = _open(_sum(h_NC, scale_C, bias_C, added_NC), low, high)
    away_NC = _wide(dx_NC) - jnp.mean(_wide(dx_NC), axis=0, keepdims=True)
    away_NC -= h_NC * jnp.mean(h_NC * _wide(dx_NC), axis=0, keepdims=True)
    dh_NC = away_NC * jax.lax.rsqrt(variance_C + epsilon)[None]
    dz_NC = dh_NC * scale_C[None] + _sum(h_NC, dscale_C, dbias_C, dadded_NC)
    return jnp.where(open_NC, dz_NC, 0).astype(x_NC.dtype)

  def back(residuals, dy_NC):
    x_NC, *rest = residuals
    arrays = alike((x_NC, dy_NC, *rest))
    return tuple(backward_p.bind(*arrays, epsilon=epsilon, low=low, high=high))

  return along, back


def _jvp(primals, tangents, *, epsilon, low, high):
  x_NC, scale_C, bias_C, *added_NC = primals
  y_NC, mean_C, variance_C = forward_p.bind(*primals, epsilon=epsilon, low=low, high=high)
  tangents = tuple(map(ad.instantiate_zeros, tangents))
  residuals = (x_NC, mean_C, variance_C, scale_C, bias_C, *added_NC)
  dy_NC = linear(*_slopes(epsilon, low, high), residuals, tangents)
  dx_NC = _wide(tangents[0])
  dvariance_C = 2 * jnp.mean((_wide(x_NC) - mean_C[None]) * dx_NC, axis=0)
  return (y_NC, mean_C, variance_C), (dy_NC, jnp.mean(dx_NC, axis=0), dvariance_C)


def _primitive(name, plain, target, kept):
  # Results of the kernel are like its arguments kept(how many there are).

  def cpu(*arrays, **settings):
    if {array.dtype for array in arrays} != {jnp.dtype('float32')} or library.load():
      return None
    call = jax.ffi.ffi_call(target, [jax.typeof(arrays[n]) for n in kept(len(arrays))])
    return call(*arrays, **{key: np.float32(value) for key, value in settings.items()})

  def mapped(arrays, axes, **settings):
    found = jax.vmap(functools.partial(plain, **settings), axes)(*arrays)
    return found, [0] * len(found)

  primitive = kernel(name, plain, cpu)
  batching.primitive_batchers[primitive] = mapped
  return primitive


forward_p = _primitive('batch_normalize', _plain, library.NORMALIZATION, lambda count: (0, 1, 1))
backward_p = _primitive(
  'batch_normalize_backward',
  _plain_backward,
  library.NORMALIZATION_BACKWARD,
  lambda count: (0, 4, 5, *range(6, count)),
)
ad.primitive_jvps[forward_p] = _jvp


def _jvp_backward(primals, tangents, **settings):
  tangents = tuple(map(ad.instantiate_zeros, tangents))
  return jax.jvp(functools.partial(_plain_backward, **settings), primals, tangents)


ad.primitive_jvps[backward_p] = _jvp_backward
