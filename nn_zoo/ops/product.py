"""Products of matrices as a primitive that is its own derivative.

Axes: N batch, R rows, D depth, C columns.

  c[n, r, c] = sum_d a[n, r, d] b[n, d, c]

where a may be given as [N, D, R] and b as [N, C, D] ("turned"). The product is linear in each argument, and
each one's transpose is such a product again. On a CPU it runs as a kernel of `nn_zoo.native`, because XLA's
reach half of its speed on the shapes of a training step, above all with one side turned; elsewhere, and where
there is little to do, it is XLA's `dot_general`.

Where JAX is asked for products of bfloat16 (`jax.default_matmul_precision`), a processor with a matrix unit
for them (AMX: Intel Xeons since Sapphire Rapids) rounds the entries of a and b and sums in float32; any other
keeps all of float32, as XLA does on a CPU.
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, xla

from nn_zoo.errors import InputError
from nn_zoo.native import library
from nn_zoo.ops.varying import alike

ROUNDED = (
  'bfloat16',
  'BF16_BF16_F32',
)  # what JAX calls products whose entries are rounded to bfloat16
TYPES = (
  jnp.float32,
  jnp.bfloat16,
)  # that the kernel takes; bfloat16 is widened on its way there and back
LEAST = 2**19  # multiplications, below which a call and its threads cost more than they gain


def product(
  a: jax.Array,
  b: jax.Array,
  a_turned: bool = False,
  b_turned: bool = False,
  helped: bool = False,
) -> jax.Array:
  """c of the equation above, with any number of leading axes, the same ones in `a` and `b`, in place of N.

  Args:
    a: [..., R, D], or [..., D, R] if turned.
    b: [..., D, C], or [..., C, D] if turned; of the type of `a`.
    a_turned, b_turned: whether the last two axes are given in the other order.
    helped: the kernel's work is shared by threads of ours in place of XLA's, which pays beside other kernels
      that do so.

  Raises:
    InputError: the depths or the leading axes differ.
  """
  depths = a.shape[-2 if a_turned else -1], b.shape[-1 if b_turned else -2]
  if len(set(depths)) > 1 or a.shape[:-2] != b.shape[:-2]:
    raise InputError(
      f'a product of {a.shape} and {b.shape}: expected the same leading axes, and the same depths, which '
      f'are {depths[0]} and {depths[1]}'
    )
  a, b = alike((a, b))
  lead = a.shape[:-2]
  a, b = (array.reshape(math.prod(lead), *array.shape[-2:]) for array in (a, b))
  # What JAX is asked for where the product stands, which is what its derivatives get, too.
  how = {'helped': helped, 'precision': jax.config.jax_default_matmul_precision}
  c_NRC = _product(a, b, a_turned, b_turned, **how)
  return c_NRC.reshape(*lead, *c_NRC.shape[1:])


def dense(x: jax.Array, kernel_DC: jax.Array) -> jax.Array:
  """y[..., c] = sum_d x[..., d] kernel[d, c]; arguments of one type."""
  y_RC = product(x.reshape(math.prod(x.shape[:-1]), x.shape[-1]), kernel_DC)
  return y_RC.reshape(*x.shape[:-1], kernel_DC.shape[-1])


def _product(a, b, a_turned, b_turned, **how):
  return product_p.bind(a, b, a_turned=a_turned, b_turned=b_turned, **how)


def _shape(a, b, a_turned, b_turned, **_):
  return (a.shape[0], a.shape[2 if a_turned else 1], b.shape[1 if b_turned else 2])


product_p = Primitive('matrix_product')
product_p.def_impl(functools.partial(xla.apply_primitive, product_p))
product_p.def_abstract_eval(lambda a, b, **how: a.update(shape=_shape(a, b, **how)))


# Derivatives: with A and B the matrices that are multiplied, dA = dC B^T and dB = A^T dC.


def _transpose_a(dc, a, b, a_turned, b_turned, **how):
  if a_turned:
    return _product(b, dc, b_turned, True, **how)
  return _product(dc, b, False, not b_turned, **how)


def _transpose_b(dc, a, b, a_turned, b_turned, **how):
  if b_turned:
    return _product(dc, a, True, a_turned, **how)
  return _product(a, dc, not a_turned, False, **how)


ad.defbilinear(product_p, _transpose_a, _transpose_b)


def _map(arrays, axes, a_turned, b_turned, **how):
  # More rows where one b meets many a; else a longer batch.
  (a, b), (a_axis, b_axis) = arrays, axes
  count = b.shape[b_axis] if a_axis is None else a.shape[a_axis]
  if b_axis is None and b.shape[0] == 1 and not a_turned:
    a = jnp.moveaxis(a, a_axis, 0)
    c = _product(a.reshape(1, -1, a.shape[-1]), b, False, b_turned, **how)
    return c.reshape(count, 1, -1, c.shape[-1]), 0
  a, b = (_leading(array, axis, count) for array, axis in zip(arrays, axes, strict=True))
  c = _product(a, b, a_turned, b_turned, **how)
  return c.reshape(count, -1, *c.shape[1:]), 0


def _leading(array, axis, count):
  shape = (count, *array.shape)
  array = jnp.broadcast_to(array, shape) if axis is None else jnp.moveaxis(array, axis, 0)
  return array.reshape(-1, *array.shape[2:])


batching.primitive_batchers[product_p] = _map


# What runs.


def _xla(a, b, a_turned, b_turned, precision, **_):
  contracted = ((1 if a_turned else 2,), (2 if b_turned else 1,))
  return jax.lax.dot_general(a, b, (contracted, ((0,), (0,))), precision=precision)


def _cpu(a, b, a_turned, b_turned, helped, precision):
  shape = _shape(a, b, a_turned, b_turned)
  work = math.prod(shape) * a.shape[1 if a_turned else 2]
  if a.dtype not in TYPES or work < max(LEAST, 1) or library.load():
    return _xla(a, b, a_turned, b_turned, precision)
  call = jax.ffi.ffi_call(library.PRODUCT, jax.typeof(a).update(shape=shape, dtype=jnp.float32))
  how = {'a_turned': a_turned, 'b_turned': b_turned, 'helped': helped}
  how['rounded'] = precision in ROUNDED or a.dtype == jnp.bfloat16
  return call(a.astype(jnp.float32), b.astype(jnp.float32), **how).astype(a.dtype)


mlir.register_lowering(product_p, mlir.lower_fun(_xla, multiple_results=False))
mlir.register_lowering(product_p, mlir.lower_fun(_cpu, multiple_results=False), platform='cpu')
