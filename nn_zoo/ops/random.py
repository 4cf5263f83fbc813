"""Random masks, drawn fast on a CPU.

XLA hashes an element in 7 ns there, which was half of a training step with dropout; a kernel of
`nn_zoo.native` takes less than one.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.native import library

LEAST = 2**12  # draws, below which a call costs more than it gains


def fits(key: jax.Array) -> bool:
  """Whether draws with a key are those that our kernels make."""
  return (
    str(jax.random.key_impl(key)) == 'threefry2x32'
    and jax.config.jax_threefry_partitionable
    and not jax.config.jax_enable_x64
  )


def bernoulli(key: jax.Array, p: float | jax.Array, shape: tuple[int, ...]) -> jax.Array:
  """True with probability p, bit for bit what `jax.random.bernoulli` draws.

  Args:
    key: of `jax.random`.
    p: from 0 to 1; an array [] leaves the draws to XLA.
    shape: of the draws.
  """
  if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
    key = jax.random.wrap_key_data(key)
  if math.prod(shape) < LEAST or isinstance(p, jax.Array) or not fits(key) or library.load():
    return jax.random.bernoulli(key, p, shape)
  impl = jax.random.key_impl(key)

  def plain(data_2):
    return jax.random.bernoulli(jax.random.wrap_key_data(data_2, impl=impl), p, shape)

  def native(data_2):
    out = jax.typeof(data_2).update(shape=shape, dtype=np.dtype(bool))
    call = jax.ffi.ffi_call(library.BERNOULLI, out, vmap_method='broadcast_all')
    return call(data_2, p=np.float32(p))

  return jax.lax.platform_dependent(jax.random.key_data(key), cpu=native, default=plain)
