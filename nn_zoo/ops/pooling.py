"""Pooling over windows of images, sequences and volumes.

Axes: B batch, then one to three spatial axes, C channels.
"""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError
from nn_zoo.ops.convolution import Padding, Sizes, paddings, per_axis


def max_pool(
  x: jax.Array, size: Sizes = 2, strides: Sizes | None = None, padding: Padding = 'VALID'
) -> jax.Array:
  """y[b, h, w, c] = max_{i, j} x[b, h s + i, w s + j, c], over windows of `size` pixels.

  Args:
    x: [batch, height, width, channels], or with one or three spatial axes.
    size: of the window, one number or one per axis.
    strides: from window to window; the size by default.
    padding: as for `convolve`, without those that copy pixels; what lies outside is never the maximum.

  Departures: where several pixels share the maximum they share its gradient, too.

  Raises:
    InputError: images smaller than the window.
  """
  lowest = -jnp.inf if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.iinfo(x.dtype).min
  return _over_windows(jnp.maximum, lowest, x, size, strides, padding)


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

  Raises:
    InputError: images smaller than the window.
  """
  total = _over_windows(jnp.add, 0, x, size, strides, padding)
  if count_padding:
    axes = per_axis(size, x.ndim - 2, 'size')
    weight = 1
    for length in axes:
      weight *= length
    return total / weight
  ones = jnp.ones((1, *x.shape[1:-1], 1), x.dtype)
  return total / _over_windows(jnp.add, 0, ones, size, strides, padding)


def global_average_pool(x: jax.Array) -> jax.Array:
  """y[b, c] = mean over all pixels of x[b, ..., c]."""
  return jnp.mean(x, axis=tuple(range(1, x.ndim - 1)))


def global_max_pool(x: jax.Array) -> jax.Array:
  """y[b, c] = max over all pixels of x[b, ..., c]."""
  return jnp.max(x, axis=tuple(range(1, x.ndim - 1)))


def adaptive_average_pool(x: jax.Array, size: Sizes) -> jax.Array:
  """Mean over windows so that `size` outputs remain, whatever the size of the images.

  Output i covers pixels floor(i n / m) to ceil((i + 1) n / m) - 1 of n, for m outputs, as in PyTorch.
  """
  return _adaptive(jnp.mean, x, size)


def adaptive_max_pool(x: jax.Array, size: Sizes) -> jax.Array:
  """Maximum over the windows of `adaptive_average_pool`."""
  return _adaptive(jnp.max, x, size)


def _over_windows(merge: Callable, start, x, size, strides, padding):
  # Merging shifted views is several times faster on a CPU than XLA's windows, backwards above all.
  rank = x.ndim - 2
  size = per_axis(size, rank, 'size')
  strides = size if strides is None else per_axis(strides, rank, 'strides')
  edges = paddings(padding, x.shape[1:-1], size, strides, (1,) * rank)
  borders = [(0, 0, 0), *((low, high, 0) for low, high in edges), (0, 0, 0)]
  x = jax.lax.pad(x, jnp.asarray(start, x.dtype), borders)
  counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], size, strides, strict=True)]
  if min(counts) < 1:
    raise InputError(f'windows of {size} pixels are larger than the images, {x.shape[1:-1]}')
  y = None
  for offsets in itertools.product(*map(range, size)):
    window = tuple(
      slice(i, i + (n - 1) * s + 1, s) for i, n, s in zip(offsets, counts, strides, strict=True)
    )
    view = x[(slice(None), *window)]
    y = view if y is None else merge(y, view)
  return y


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
