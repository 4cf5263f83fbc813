"""Pooling over windows of images, sequences and volumes.

Axes: B batch, then one to three spatial axes, C channels.
"""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.ops.geometry import Padding, Sizes, paddings, per_axis
from nn_zoo.ops.selection import Windows, window_maximum


def max_pool(
  x: jax.Array, size: Sizes = 2, strides: Sizes | None = None, padding: Padding = 'VALID'
) -> jax.Array:
  """y[b, h, w, c] = max_{i, j} x[b, h s + i, w s + j, c], over windows of `size` pixels.

  Args:
    x: [batch, height, width, channels], or with one or three spatial axes.
    size: of the window, one number or one per axis.
    strides: from window to window; the size by default.
    padding: as for `convolve`, without those that copy pixels; what lies outside is never the maximum.

  Where several pixels share the maximum, the gradient goes to the first, as in PyTorch; on a CPU without a
  compiler, to all of them in parts.

  Raises:
    InputError: images smaller than the window, or a window that lies outside altogether.
  """
  rank = x.ndim - 2
  size, strides, edges, counts = _laid_out(x, size, strides, padding)
  low = tuple(low for low, _ in edges)
  if rank == 2:
    return window_maximum(x, Windows(size, strides, low, counts))
  if rank == 3:  # each depth by itself, then over depths
    inner = Windows(size[1:], strides[1:], low[1:], counts[1:])
    images = window_maximum(x.reshape(-1, *x.shape[2:]), inner)
    x = images.reshape(*x.shape[:2], -1, x.shape[-1])
  else:
    x = x[:, :, None]
  rows = Windows((size[0], 1), (strides[0], 1), (low[0], 0), (counts[0], x.shape[2]))
  return window_maximum(x, rows).reshape(x.shape[0], *counts, x.shape[-1])


def average_pool(
  x: jax.Array,
  size: Sizes = 2,
  strides: Sizes | None = None,
  padding: Padding = 'VALID',
  count_padding: bool = True,
) -> jax.Array:
  """y[b, h, w, c] = mean_{i, j} x[b, h s + i, w s + j, c], over windows of `size` pixels.

  Args:
    x, size, strides, padding: as for `max_pool`.
    count_padding: divide by the size of the window also where part of it lies outside.

  Sums of halved floats (bfloat16, float16) are float32's.

  Raises:
    InputError: as of `max_pool`.
  """
  size, strides, edges, counts = _laid_out(x, size, strides, padding)
  wide = jnp.promote_types(x.dtype, jnp.float32)
  total = _window_sum(x.astype(wide), size, strides, edges, counts)
  weight = math.prod(size)
  if not count_padding:
    ones = jnp.ones((1, *x.shape[1:-1], 1), wide)
    weight = _window_sum(ones, size, strides, edges, counts)
  mean = total / weight
  return mean.astype(x.dtype) if jnp.issubdtype(x.dtype, jnp.floating) else mean


def global_average_pool(x: jax.Array) -> jax.Array:
  """y[b, c] = mean over all pixels of x[b, ..., c]."""
  return jnp.mean(x, axis=tuple(range(1, x.ndim - 1)))


def global_max_pool(x: jax.Array) -> jax.Array:
  """y[b, c] = max over all pixels of x[b, ..., c]."""
  return jnp.max(x, axis=tuple(range(1, x.ndim - 1)))


def adaptive_average_pool(x: jax.Array, size: Sizes) -> jax.Array:
  """Mean over windows so that `size` outputs remain, whatever the size of the images.

  Output i covers pixels floor(i n / m) to ceil((i + 1) n / m) - 1 of n, for m outputs, as in PyTorch.

  Args:
    x: [batch, height, width, channels], or with one or three spatial axes.
    size: outputs, one number or one per axis; may be larger than the images.
  """
  return _adaptive(jnp.mean, x, size)


def adaptive_max_pool(x: jax.Array, size: Sizes) -> jax.Array:
  """Maximum over the windows of `adaptive_average_pool`; its gradient goes to all that share it, in parts."""
  return _adaptive(jnp.max, x, size)


def _laid_out(x, size, strides, padding):
  rank = x.ndim - 2
  if not 1 <= rank <= 3:
    raise InputError(
      f'pooling takes [batch, ..., channels] with one to three spatial axes, got {x.shape}'
    )
  size = per_axis(size, rank, 'size')
  strides = size if strides is None else per_axis(strides, rank, 'strides')
  edges = paddings(padding, x.shape[1:-1], size, strides, (1,) * rank)
  counts = tuple(
    (n + sum(edge) - k) // s + 1
    for n, edge, k, s in zip(x.shape[1:-1], edges, size, strides, strict=True)
  )
  if min(counts) < 1:
    raise InputError(f'windows of {size} pixels are larger than the images, {x.shape[1:-1]}')
  for n, (low, _), k, s, count in zip(x.shape[1:-1], edges, size, strides, counts, strict=True):
    if low >= k or (count - 1) * s - low >= n:
      raise InputError(f'padding={padding}: a window of {size} pixels lies outside of the images')
  return size, strides, edges, counts


def _window_sum(x, size, strides, edges, counts):
  def windows(x):
    all_axes = (1, *size, 1), (1, *strides, 1), ((0, 0), *edges, (0, 0))
    return jax.lax.reduce_window(x, np.zeros((), x.dtype), jax.lax.add, *all_axes)

  shifted = functools.partial(_shifted_sum, size=size, strides=strides, edges=edges, counts=counts)
  return jax.lax.platform_dependent(x, cpu=shifted, default=windows)


def _shifted_sum(x, *, size, strides, edges, counts):
  # Several times faster on a CPU than XLA's windows, backwards above all.
  x = jax.lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*e, 0) for e in edges), (0, 0, 0)])
  total = 0
  for offsets in itertools.product(*map(range, size)):
    window = tuple(
      slice(i, i + (n - 1) * s + 1, s) for i, n, s in zip(offsets, counts, strides, strict=True)
    )
    total += x[(slice(None), *window)]
  return total


def _adaptive(reduce, x, size):
  for axis, outputs in enumerate(per_axis(size, x.ndim - 2, 'size'), 1):
    length = x.shape[axis]
    parts = [
      reduce(
        jax.lax.slice_in_dim(x, i * length // outputs, -(-(i + 1) * length // outputs), axis=axis),
        axis=axis,
        keepdims=True,
      )
      for i in range(outputs)
    ]
    x = jnp.concatenate(parts, axis=axis)
  return x
