"""Convolution of sequences, images and volumes.

Axes: B batch, then one to three spatial axes, I input channels, O output channels. A kernel has the spatial
axes first, then I / groups, then O.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError
from nn_zoo.ops.bilinear import convolution
from nn_zoo.ops.geometry import Geometry

Sizes = int | Sequence[int]
Padding = str | int | Sequence[int | tuple[int, int]]
PADDINGS = ('SAME', 'VALID', 'CAUSAL', 'CIRCULAR', 'REFLECT')


def convolve(
  x: jax.Array,
  kernel: jax.Array,
  strides: Sizes = 1,
  padding: Padding = 'SAME',
  *,
  input_dilation: Sizes = 1,
  kernel_dilation: Sizes = 1,
  groups: int = 1,
) -> jax.Array:
  """Convolution (cross-correlation) over one, two or three spatial axes.

  y[b, h, w, o] = sum_{i, j, c} x[b, h s + i d - p, w s + j d - p, c] kernel[i, j, c, o]

  Args:
    x: [batch, height, width, channels], or with one or three spatial axes.
    kernel: [height, width, channels / groups, outputs].
    strides: s, one number or one per axis.
    padding: 'SAME', 'VALID', 'CAUSAL' (all of it before, so that no output sees what comes later),
      'CIRCULAR', 'REFLECT', or pixels: a number, or a number or a pair (before, after) per axis.
    input_dilation: distance to which input pixels are moved apart, zeros between them.
    kernel_dilation: d, distance of neighbouring taps.
    groups: that channels are cut into; output group g sees input group g only. As many as channels:
      depthwise.

  Can be differentiated any number of times, forward and reverse; see `nn_zoo.ops.bilinear`.

  Raises:
    InputError: shapes that do not fit, or another padding.
  """
  rank = kernel.ndim - 2
  if not 1 <= rank <= 3 or x.ndim != kernel.ndim:
    raise InputError(f'convolve: a kernel of shape {kernel.shape} does not fit inputs of {x.shape}')
  if x.shape[-1] != kernel.shape[-2] * groups or kernel.shape[-1] % groups:
    raise InputError(
      f'convolve: {x.shape[-1]} channels in {groups} group(s) do not fit a kernel of shape {kernel.shape}'
    )
  sizes = (strides, input_dilation, kernel_dilation)
  names = ('strides', 'input_dilation', 'kernel_dilation')
  strides, inner, spread = (per_axis(s, rank, name) for s, name in zip(sizes, names, strict=True))
  reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, spread, strict=False)]
  if isinstance(padding, str) and padding.upper() in ('CIRCULAR', 'REFLECT'):
    around = paddings('SAME', x.shape[1:-1], reach, (1,) * rank, (1,) * rank)
    mode = {'CIRCULAR': 'wrap', 'REFLECT': 'reflect'}[padding.upper()]
    x, padding = jnp.pad(x, ((0, 0), *around, (0, 0)), mode=mode), 'VALID'
  edges = paddings(padding, x.shape[1:-1], reach, strides, inner)
  if rank == 3:
    return _over_depth(x, kernel, strides, edges, inner, spread, groups)
  if rank == 1:
    x, kernel = x[:, None], kernel[None]
    strides, edges, inner, spread = (1, *strides), ((0, 0), *edges), (1, *inner), (1, *spread)
  y = _images(x, kernel, strides, edges, inner, spread, groups)
  return y[:, 0] if rank == 1 else y


def convolve_transpose(
  x: jax.Array,
  kernel: jax.Array,
  strides: Sizes = 1,
  padding: Padding = 'SAME',
  *,
  kernel_dilation: Sizes = 1,
) -> jax.Array:
  """The transposed convolution, which enlarges images by `strides`, as `jax.lax.conv_transpose`.

  A convolution whose inputs are moved `strides` pixels apart. With 'SAME', n pixels become n s; with 'VALID'
  n s + max(d (k - 1) + 1 - s, 0).

  Args:
    x, kernel, kernel_dilation: as for `convolve`.
    strides: s.
    padding: 'SAME', 'VALID' or pixels of the convolution of the widened input.
  """
  rank = kernel.ndim - 2
  strides = per_axis(strides, rank, 'strides')
  spread = per_axis(kernel_dilation, rank, 'kernel_dilation')
  if padding in ('SAME', 'VALID'):
    reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, spread, strict=False)]
    padding = [_enlarging(k, s, padding) for k, s in zip(reach, strides, strict=True)]
  return convolve(x, kernel, 1, padding, input_dilation=strides, kernel_dilation=spread)


def _enlarging(reach, stride, padding):
  if padding == 'VALID':
    return reach - 1, stride - 1 + max(reach - stride, 0)
  total = reach + stride - 2
  before = reach - 1 if stride > reach - 1 else -(-total // 2)
  return before, total - before


def per_axis(value: Sizes, rank: int, name: str) -> tuple[int, ...]:
  """One number per spatial axis.

  Raises:
    InputError: another number of them, or one below 1.
  """
  values = (value,) * rank if isinstance(value, int) else tuple(value)
  if len(values) != rank or min(values) < 1:
    raise InputError(f'{name}={value}: expected a whole number from 1, or {rank} of them')
  return values


def paddings(
  padding: Padding,
  inputs: Sequence[int],
  reach: Sequence[int],
  strides: Sequence[int],
  inner: Sequence[int],
) -> tuple[tuple[int, int], ...]:
  """Padding in pixels, (before, after) per axis.

  Args:
    padding: as for `convolve`, without those that copy pixels.
    inputs: pixels per axis.
    reach: pixels from the first to the last tap, both counted.
    strides, inner: strides and input dilation.

  Raises:
    InputError: another padding.
  """
  rank = len(reach)
  if isinstance(padding, str):
    name = padding.upper()
    if name == 'VALID':
      return ((0, 0),) * rank
    if name == 'CAUSAL':
      return tuple((k - 1, 0) for k in reach)
    if name == 'SAME':
      widened = [(n - 1) * gap + 1 for n, gap in zip(inputs, inner, strict=True)]
      wanted = [
        max((-(-n // s) - 1) * s + k - n, 0)
        for n, k, s in zip(widened, reach, strides, strict=True)
      ]
      return tuple((total // 2, total - total // 2) for total in wanted)
    raise InputError(f'padding={padding!r}: expected one of {", ".join(PADDINGS)}, or pixels')
  each = (padding,) * rank if isinstance(padding, int) else tuple(padding)
  pairs = tuple((edge, edge) if isinstance(edge, int) else tuple(edge) for edge in each)
  if len(pairs) != rank or any(len(pair) != 2 for pair in pairs):
    raise InputError(f'padding={padding}: expected a number, or a number or pair for {rank} axes')
  return pairs


def _images(x_BHWI, kernel_HWIO, strides, edges, inner, spread, groups):
  size = tuple(
    ((n - 1) * gap + 1 + sum(edge) - (k - 1) * d - 1) // s + 1
    for n, gap, edge, k, d, s in zip(
      x_BHWI.shape[1:3], inner, edges, kernel_HWIO.shape[:2], spread, strides, strict=True
    )
  )
  if min(size) < 1:
    raise InputError(
      f'convolve: a kernel of {kernel_HWIO.shape[:2]} pixels is larger than images of {x_BHWI.shape[1:3]}'
    )
  low = tuple(low for low, _ in edges)
  return convolution(
    x_BHWI,
    kernel_HWIO,
    Geometry(size, kernel_HWIO.shape[:2], strides, low, inner, spread, groups),
  )


def _over_depth(x, kernel, strides, edges, inner, spread, groups):
  # A volume as images whose channels are those of all depths that a kernel covers.
  border = (*edges[0], inner[0] - 1)
  x = jax.lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), border, *[(0, 0, 0)] * 3])
  depth, reach = kernel.shape[0], (kernel.shape[0] - 1) * spread[0]
  last = x.shape[1] - reach
  if last < 1:
    raise InputError(
      f'convolve: a kernel of depth {depth} is larger than volumes of depth {x.shape[1]}'
    )
  slabs = [x[:, i * spread[0] : i * spread[0] + last : strides[0]] for i in range(depth)]
  batch, count = slabs[0].shape[:2]
  # [batch, depth out, height, width, groups, depth of the kernel, channels of a group]
  grouped = [slab.reshape(*slab.shape[:-1], groups, -1) for slab in slabs]
  merged = jnp.stack(grouped, axis=-2).reshape(batch * count, *x.shape[2:4], -1)
  flat = jnp.moveaxis(kernel, 0, 2).reshape(*kernel.shape[1:3], -1, kernel.shape[-1])
  y = _images(merged, flat, strides[1:], edges[1:], inner[1:], spread[1:], groups)
  return y.reshape(batch, count, *y.shape[1:])
