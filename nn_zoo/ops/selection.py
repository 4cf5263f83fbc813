"""The maximum of windows of images, as two primitives that are each other's transposes.

Axes: B batch, H height, W width, C channels. With m(h) the first place of the largest x in window h:

  gather    y[h] = t[m(h)]                               (t = x: the maximum)
  scatter   d[i] = sum over windows h with m(h) = i of g[h]

Both are linear in their second argument, and do not change with small changes of x: derivatives of any order,
forward or reverse, are made of these two. On a CPU they run as kernels of `nn_zoo.native`.
"""

import functools
import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, xla

from nn_zoo.native import library

Pair = tuple[int, int]


class Windows(NamedTuple):
  """Windows of `size` pixels, `strides` apart; `counts` of them, the first begins `low` pixels outside."""

  size: Pair
  strides: Pair
  low: Pair
  counts: Pair

  def padding(self, inputs: Pair) -> tuple[Pair, Pair]:
    """(low, high) per axis; high may be negative, which crops."""
    return tuple(
      (low, (n - 1) * s + k - low - length)
      for k, s, low, n, length in zip(*self, inputs, strict=True)
    )


def window_maximum(x_BHWC: jax.Array, windows: Windows) -> jax.Array:
  """y[b, h, w, c]: the largest x of each window."""
  if jnp.issubdtype(x_BHWC.dtype, jnp.floating):
    return _maximum(x_BHWC, windows)
  return _reduced(x_BHWC, windows)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _maximum(x_BHWC, windows):
  return jax.lax.platform_dependent(
    x_BHWC,
    cpu=lambda x: gather_p.bind(x, x, windows=windows),
    default=lambda x: _reduced(x, windows),
  )


@_maximum.defjvp
def _(windows, primals, tangents):
  (x_BHWC,), (t_BHWC,) = primals, tangents
  return _maximum(x_BHWC, windows), gather_p.bind(x_BHWC, t_BHWC, windows=windows)


def _primitive(name, shape):
  primitive = Primitive(name)
  primitive.def_impl(functools.partial(xla.apply_primitive, primitive))
  primitive.def_abstract_eval(
    lambda x, other, windows: x.update(shape=shape(x.shape, windows), dtype=other.dtype)
  )
  return primitive


gather_p = _primitive('max_pool_gather', lambda x, windows: (x[0], *windows.counts, x[3]))
scatter_p = _primitive('max_pool_scatter', lambda x, _: x)


def _linear(primitive, transpose):
  # Derivatives and vmap of a primitive that is linear in its second argument and flat in its first.

  def slope(primals, tangents, windows):
    out = primitive.bind(*primals, windows=windows)
    if isinstance(tangents[1], ad.Zero):
      return out, ad.Zero.from_primal_value(out)
    return out, primitive.bind(primals[0], tangents[1], windows=windows)

  def transposed(cotangent, x, _, windows):
    if isinstance(cotangent, ad.Zero):
      return None, None
    return None, transpose.bind(x, cotangent, windows=windows)

  def mapped(arrays, axes, windows):
    count = next(a.shape[i] for a, i in zip(arrays, axes, strict=True) if i is not None)
    stacked = (
      jnp.stack([array] * count) if axis is None else jnp.moveaxis(array, axis, 0)
      for array, axis in zip(arrays, axes, strict=True)
    )
    out = primitive.bind(*(a.reshape(-1, *a.shape[2:]) for a in stacked), windows=windows)
    return out.reshape(count, -1, *out.shape[1:]), 0

  ad.primitive_jvps[primitive] = slope
  ad.primitive_transposes[primitive] = transposed
  batching.primitive_batchers[primitive] = mapped


_linear(gather_p, scatter_p)
_linear(scatter_p, gather_p)


def _reduced(x_BHWC, windows):
  size, strides, _, _ = windows
  edges = windows.padding(x_BHWC.shape[1:3])
  # What no window sees is cut off before: derivatives of XLA's windows do not take negative padding.
  borders = [(min(low, 0), min(high, 0), 0) for low, high in edges]
  x_BHWC = jax.lax.pad(x_BHWC, _lowest(x_BHWC), [(0, 0, 0), *borders, (0, 0, 0)])
  padding = ((0, 0), *((max(low, 0), max(high, 0)) for low, high in edges), (0, 0))
  return jax.lax.reduce_window(
    x_BHWC, _lowest(x_BHWC), jax.lax.max, (1, *size, 1), (1, *strides, 1), padding
  )


def _merged(x_BHWC, windows):
  # The maximum of shifted views: on a CPU its gradient is much faster than that of XLA's windows.
  borders = [(0, 0, 0), *((*edge, 0) for edge in windows.padding(x_BHWC.shape[1:3])), (0, 0, 0)]
  x_BHWC = jax.lax.pad(x_BHWC, _lowest(x_BHWC), borders)
  spans = [(n - 1) * s + 1 for n, s in zip(windows.counts, windows.strides, strict=True)]
  views = [
    x_BHWC[:, i : i + spans[0] : windows.strides[0], j : j + spans[1] : windows.strides[1]]
    for i, j in itertools.product(*map(range, windows.size))
  ]
  return functools.reduce(jnp.maximum, views)


def _lowest(x):
  # Of NumPy: only where it is a constant does JAX see a maximum, which has derivatives.
  if x.dtype == bool:
    return np.False_
  if jnp.issubdtype(x.dtype, jnp.integer):
    return np.array(jnp.iinfo(x.dtype).min, x.dtype)
  return np.array(-np.inf, x.dtype)


def _gather_by(maximum, x_BHWC, t_BHWC, windows):
  return jax.jvp(lambda x: maximum(x, windows), (x_BHWC,), (t_BHWC,))[1]


def _scatter_by(maximum, x_BHWC, g_BHWC, windows):
  return jax.vjp(lambda x: maximum(x, windows), x_BHWC)[1](g_BHWC)[0]


def _cpu(name, primitive, plain):
  def run(x_BHWC, other_BHWC, windows):
    if x_BHWC.dtype in (jnp.bfloat16, jnp.float16):
      wide = primitive.bind(
        x_BHWC.astype(jnp.float32), other_BHWC.astype(jnp.float32), windows=windows
      )
      return wide.astype(other_BHWC.dtype)
    if x_BHWC.dtype != jnp.float32 or library.load():
      return plain(_merged, x_BHWC, other_BHWC, windows)
    size, strides, low, counts = windows
    shape = x_BHWC.shape if primitive is scatter_p else (x_BHWC.shape[0], *counts, x_BHWC.shape[3])
    settings = np.array([*strides, *low, 1, 1, 1, 1, 1, *size], np.int64)
    out = jax.typeof(x_BHWC).update(shape=shape)
    return jax.ffi.ffi_call(name, out)(x_BHWC, other_BHWC, settings=settings)

  return run


for _name, _primitive_p, _plain in (
  (library.POOL_GATHER, gather_p, _gather_by),
  (library.POOL_SCATTER, scatter_p, _scatter_by),
):
  _anywhere = functools.partial(_plain, _reduced)
  mlir.register_lowering(_primitive_p, mlir.lower_fun(_anywhere, multiple_results=False))
  _on_cpu = _cpu(_name, _primitive_p, _plain)
  mlir.register_lowering(
    _primitive_p, mlir.lower_fun(_on_cpu, multiple_results=False), platform='cpu'
  )
