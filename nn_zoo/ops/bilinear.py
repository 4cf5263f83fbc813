"""Convolution and its kernel's gradient as two primitives that are each other's derivatives.

Axes: B batch, H height, W width, I input channels, O output channels; a kernel is HWIO.

With strides s, input dilation L, kernel dilation d, low padding p (rows alike, columns alike):

  convolution      y[b, h, o]    = sum_{i, c} x[b, (h s - p + i d) / L, c] k[i, c, o]
  kernel gradient  g[i, c, o]    = sum_{b, h} x[b, (h s - p + i d) / L, c] dy[b, h, o]

where terms count only if L divides. Both are linear in each argument, and each one's transpose is one of
them again: derivatives of any order, forward or reverse, are made of these two. On a CPU they run as
kernels of `nn_zoo.native`, because XLA's own are slow there, above all inside loops (jax issue 12868);
elsewhere they are XLA's.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, xla

from nn_zoo.native import library
from nn_zoo.ops.geometry import Geometry
from nn_zoo.ops.varying import alike

NARROW = (jnp.bfloat16, jnp.float16)  # widened to 32 bits on a CPU, which has no fast form of them
LAYOUT = ('NHWC', 'HWIO', 'NHWC')


def convolution(x_BHWI: jax.Array, kernel_HWIO: jax.Array, geometry: Geometry) -> jax.Array:
  """y of the equation above; arguments of one type."""
  return convolution_p.bind(*alike((x_BHWI, kernel_HWIO)), geometry=geometry)


def kernel_gradient(x_BHWI: jax.Array, dy_BHWO: jax.Array, geometry: Geometry) -> jax.Array:
  """g of the equation above; arguments of one type."""
  return kernel_gradient_p.bind(*alike((x_BHWI, dy_BHWO)), geometry=geometry)


def _primitive(name, shape):
  primitive = Primitive(name)
  primitive.def_impl(functools.partial(xla.apply_primitive, primitive))
  primitive.def_abstract_eval(
    lambda x, other, geometry: x.update(shape=shape(x.shape, other.shape, geometry))
  )
  return primitive


convolution_p = _primitive(
  'convolution', lambda x, kernel, geometry: (x[0], *geometry.size, kernel[-1])
)
kernel_gradient_p = _primitive(
  'convolution_kernel_gradient',
  lambda x, dy, geometry: (*geometry.kernel, x[-1] // geometry.groups, dy[-1]),
)


# Derivatives: each argument's transpose is one of the two again.


def _turned(kernel_HWIO, groups):
  # Flipped, and with inputs and outputs of each group exchanged.
  height, width, group_I, channels_O = kernel_HWIO.shape
  kernel = kernel_HWIO[::-1, ::-1].reshape(height, width, group_I, groups, channels_O // groups)
  return kernel.swapaxes(2, 4).reshape(height, width, channels_O // groups, groups * group_I)


def _backwards(geometry, inputs, kernel_HWIO, dy_BHWO):
  kernel = _turned(kernel_HWIO, geometry.groups)
  return convolution(dy_BHWO, kernel, geometry.transposed(inputs))


def _inputs(undefined):
  return undefined.aval.shape[1:3]


ad.defbilinear(
  convolution_p,
  lambda dy, x, kernel, geometry: _backwards(geometry, _inputs(x), kernel, dy),
  lambda dy, x, kernel, geometry: kernel_gradient(x, dy, geometry),
)
ad.defbilinear(
  kernel_gradient_p,
  lambda g, x, dy, geometry: _backwards(geometry, _inputs(x), g, dy),
  lambda g, x, dy, geometry: convolution(x, g, geometry),
)


# vmap: more images where only images are mapped, else more groups of channels.


def _map_convolution(arrays, axes, geometry):
  (x, kernel), (x_axis, kernel_axis) = arrays, axes
  if kernel_axis is None:
    x = jnp.moveaxis(x, x_axis, 0)
    y = convolution(x.reshape(-1, *x.shape[2:]), kernel, geometry)
    return y.reshape(*x.shape[:2], *y.shape[1:]), 0
  count = kernel.shape[kernel_axis]
  x, kernel = _merge(x, x_axis, count), _merge(kernel, kernel_axis, count)
  y = convolution(x, kernel, geometry._replace(groups=count * geometry.groups))
  return y.reshape(*y.shape[:3], count, -1), 3


def _map_kernel_gradient(arrays, axes, geometry):
  (x, dy), (x_axis, dy_axis) = arrays, axes
  count = (x.shape[x_axis],) if dy_axis is None else (dy.shape[dy_axis],)
  x, dy = _merge(x, x_axis, *count), _merge(dy, dy_axis, *count)
  g = kernel_gradient(x, dy, geometry._replace(groups=count[0] * geometry.groups))
  return g.reshape(*g.shape[:3], *count, -1), 3


def _merge(array, axis, count):
  # [..., channels] of each of `count` -> [..., count * channels]
  if axis is None:
    array = jnp.broadcast_to(array[..., None, :], (*array.shape[:-1], count, array.shape[-1]))
  else:
    array = jnp.moveaxis(array, axis, -2)
  return array.reshape(*array.shape[:-2], -1)


batching.primitive_batchers[convolution_p] = _map_convolution
batching.primitive_batchers[kernel_gradient_p] = _map_kernel_gradient


# What runs.


def _xla_convolution(x_BHWI, kernel_HWIO, geometry):
  return jax.lax.conv_general_dilated(
    x_BHWI,
    kernel_HWIO,
    geometry.strides,
    geometry.padding(x_BHWI.shape[1:3]),
    geometry.input_dilation,
    geometry.kernel_dilation,
    LAYOUT,
    geometry.groups,
  )


def _xla_kernel_gradient(x_BHWI, dy_BHWO, geometry):
  like = jax.typeof(x_BHWI).update(shape=_kernel_shape(x_BHWI, dy_BHWO, geometry))
  (g_HWIO,) = jax.linear_transpose(lambda k: _xla_convolution(x_BHWI, k, geometry), like)(dy_BHWO)
  return g_HWIO


def _cpu_convolution(x_BHWI, kernel_HWIO, geometry):
  if x_BHWI.dtype in NARROW:
    return _widened(convolution, x_BHWI, kernel_HWIO, geometry)
  if _fits(x_BHWI, geometry):
    shape = (x_BHWI.shape[0], *geometry.size, kernel_HWIO.shape[-1])
    return _native(library.CONVOLVE, shape, x_BHWI, kernel_HWIO, geometry)
  return _xla_convolution(x_BHWI, kernel_HWIO, geometry)


def _cpu_kernel_gradient(x_BHWI, dy_BHWO, geometry):
  if x_BHWI.dtype in NARROW:
    return _widened(kernel_gradient, x_BHWI, dy_BHWO, geometry)
  if geometry.input_dilation != (1, 1) and geometry.strides == (1, 1):
    inputs = x_BHWI.shape[1:3]
    g_HWIO = kernel_gradient(dy_BHWO, x_BHWI, geometry.transposed(inputs))
    return _turned(g_HWIO, geometry.groups)
  if _fits(x_BHWI, geometry):
    shape = _kernel_shape(x_BHWI, dy_BHWO, geometry)
    return _native(library.KERNEL_GRADIENT, shape, x_BHWI, dy_BHWO, geometry)
  return _patches_kernel_gradient(x_BHWI, dy_BHWO, geometry)


def _patches_kernel_gradient(x_BHWI, dy_BHWO, geometry):
  # One product over patches: in a loop XLA's own form takes many times as long (jax issue 12868).
  size, kernel, strides, _, inner, spread, groups = geometry
  edges = geometry.padding(x_BHWI.shape[1:3])
  borders = [(low, high, gap - 1) for (low, high), gap in zip(edges, inner, strict=True)]
  x_BHWI = jax.lax.pad(x_BHWI, jnp.zeros((), x_BHWI.dtype), [(0, 0, 0), *borders, (0, 0, 0)])

  def pixels(tap, axis):
    first = tap * spread[axis]
    return slice(first, first + (size[axis] - 1) * strides[axis] + 1, strides[axis])

  taps = [x_BHWI[:, pixels(i, 0), pixels(j, 1)] for i in range(kernel[0]) for j in range(kernel[1])]
  patches_NTGI = jnp.stack([tap.reshape(-1, groups, tap.shape[-1] // groups) for tap in taps], 1)
  dy_NGO = dy_BHWO.reshape(-1, groups, dy_BHWO.shape[-1] // groups)
  g_TIGO = jnp.einsum('ntgi,ngo->tigo', patches_NTGI, dy_NGO)
  return g_TIGO.reshape(*kernel, *g_TIGO.shape[1:2], -1)


def _kernel_shape(x_BHWI, dy_BHWO, geometry):
  return (*geometry.kernel, x_BHWI.shape[-1] // geometry.groups, dy_BHWO.shape[-1])


def _widened(function, first, second, geometry):
  wide = function(first.astype(jnp.float32), second.astype(jnp.float32), geometry)
  return wide.astype(first.dtype)


def _fits(x_BHWI, geometry):
  one_by_one = 1 in (max(geometry.strides), max(geometry.input_dilation))
  return x_BHWI.dtype == jnp.float32 and one_by_one and not library.load()


def _native(name, shape, first, second, geometry):
  _, _, strides, low, inner, spread, groups = geometry
  settings = np.array([*strides, *low, *inner, *spread, groups], np.int64)
  return jax.ffi.ffi_call(name, jax.typeof(first).update(shape=shape))(
    first, second, settings=settings
  )


for _primitive_p, _anywhere, _cpu in (
  (convolution_p, _xla_convolution, _cpu_convolution),
  (kernel_gradient_p, _xla_kernel_gradient, _cpu_kernel_gradient),
):
  mlir.register_lowering(_primitive_p, mlir.lower_fun(_anywhere, multiple_results=False))
  mlir.register_lowering(_primitive_p, mlir.lower_fun(_cpu, multiple_results=False), platform='cpu')
