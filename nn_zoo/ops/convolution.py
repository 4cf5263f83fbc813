"""Convolution of sequences, images and volumes.

Axes: B batch, then one to three spatial axes, I input channels, O output channels. A kernel has the spatial
axes first, then I / groups, then O.
"""

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError
from nn_zoo.ops.bilinear import convolution
from nn_zoo.ops.geometry import ADDING, Geometry, Padding, Sizes, paddings, per_axis

COPYING = {'CIRCULAR': 'wrap', 'REFLECT': 'reflect'}  # pixels


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
    kernel: [height, width, channels / groups, outputs], of the type of x.
    strides: s, one number or one per axis.
    padding: 'SAME', 'VALID', 'CAUSAL' (all of it before, so that no output sees what comes later),
      'CIRCULAR', 'REFLECT', or pixels: a number, or a number or a pair (before, after) per axis.
    input_dilation: distance to which input pixels are moved apart, zeros between them.
    kernel_dilation: d, distance of neighbouring taps.
    groups: that channels are cut into; output group g sees input group g only. As many as channels:
      depthwise.

  Can be differentiated any number of times, forward and reverse; see `nn_zoo.ops.bilinear`.

  Raises:
    InputError: shapes or types that do not fit, or another padding.

  Source: LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition",
  https://doi.org/10.1162/neco.1989.1.4.541.
  """
  rank = kernel.ndim - 2
  if not 1 <= rank <= 3 or x.ndim != kernel.ndim:
    raise InputError(f'convolve: a kernel of shape {kernel.shape} does not fit inputs of {x.shape}')
  if x.shape[-1] != kernel.shape[-2] * groups or kernel.shape[-1] % groups:
    raise InputError(
      f'convolve: {x.shape[-1]} channels in {groups} group(s) do not fit a kernel of shape {kernel.shape}'
    )
  if x.dtype != kernel.dtype:
    raise InputError(
      f'convolve: inputs of {x.dtype} and a kernel of {kernel.dtype}, expected one type'
    )
  sizes = (strides, input_dilation, kernel_dilation)
  names = ('strides', 'input_dilation', 'kernel_dilation')
  strides, inner, spread = (per_axis(s, rank, name) for s, name in zip(sizes, names, strict=True))
  reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, spread, strict=False)]
  if isinstance(padding, str) and padding.upper() in COPYING:
    around = paddings('SAME', x.shape[1:-1], reach, (1,) * rank, (1,) * rank)
    mode = COPYING[padding.upper()]
    x, padding = jnp.pad(x, ((0, 0), *around, (0, 0)), mode=mode), 'VALID'
  edges = paddings(padding, x.shape[1:-1], reach, strides, inner, (*ADDING, *COPYING))
  if rank == 3:
    return _volumes(x, kernel, strides, edges, inner, spread, groups)
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
  groups: int = 1,
) -> jax.Array:
  """The transposed convolution, which enlarges images by `strides`, as `jax.lax.conv_transpose`.

  y[b, h, w, o] = sum x[b, i, j, c] kernel[k, l, c, o] over all i s + p = h + k d, j s + p = w + l d

  A convolution whose inputs are moved `strides` pixels apart. With 'SAME' and 'CIRCULAR', n pixels become
  n s; with 'VALID' n s + max(d (k - 1) + 1 - s, 0).

  Args:
    x, kernel, kernel_dilation, groups: as for `convolve`.
    strides: s.
    padding: 'SAME', 'VALID', 'CIRCULAR' (what leaves the image on one side comes in on the other), or pixels
      of the convolution of the widened input.

  Raises:
    InputError: as of `convolve`.

  Source: Zeiler, Krishnan, Taylor & Fergus 2010, "Deconvolutional networks",
  https://doi.org/10.1109/CVPR.2010.5539957.
  """
  rank = kernel.ndim - 2
  strides = per_axis(strides, rank, 'strides')
  spread = per_axis(kernel_dilation, rank, 'kernel_dilation')
  name = padding.upper() if isinstance(padding, str) else ''
  if isinstance(padding, str):
    if name not in ('SAME', 'VALID', 'CIRCULAR'):
      raise InputError(f'padding={padding!r}: expected one of SAME, VALID, CIRCULAR, or pixels')
    reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, spread, strict=False)]
    padding = [_enlarging(k, s, name) for k, s in zip(reach, strides, strict=True)]
  y = convolve(x, kernel, 1, padding, input_dilation=strides, kernel_dilation=spread, groups=groups)
  if name != 'CIRCULAR':
    return y
  for axis, (length, stride) in enumerate(zip(x.shape[1:-1], strides, strict=True), 1):
    y = _wrapped(y, axis, length * stride)
  return y


def _enlarging(reach, stride, padding):
  if padding in ('VALID', 'CIRCULAR'):
    return reach - 1, stride - 1 + max(reach - stride, 0)
  total = reach + stride - 2
  before = reach - 1 if stride > reach - 1 else -(-total // 2)
  return before, total - before


def _wrapped(y, axis, period):
  # The sum of all that is a whole number of periods apart; the image lies in the middle.
  length = y.shape[axis]
  start = -((length - period) // 2) % period
  borders = [(0, 0)] * y.ndim
  borders[axis] = start, -(start + length) % period
  y = jnp.pad(y, borders)
  return y.reshape(*y.shape[:axis], -1, period, *y.shape[axis + 1 :]).sum(axis)


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


def _volumes(x, kernel, strides, edges, inner, spread, groups):
  def whole(x, kernel):
    layout = ('NDHWC', 'DHWIO', 'NDHWC')
    return jax.lax.conv_general_dilated(x, kernel, strides, edges, inner, spread, layout, groups)

  def by_depth(x, kernel):
    return _over_depth(x, kernel, strides, edges, inner, spread, groups)

  return jax.lax.platform_dependent(x, kernel, cpu=by_depth, default=whole)


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
