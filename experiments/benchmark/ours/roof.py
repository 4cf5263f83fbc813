"""The speed of a large product of matrices in XLA."""

import functools

import jax
import jax.numpy as jnp

from experiments.benchmark import side


def roof(device: str = 'cpu', dtype: str = 'float32') -> float:
  """FLOP/s of `side.roof`'s product."""
  return side.roof(functools.partial(_multiply, dtype), device)


def _multiply(dtype, a, b):
  product, a, b = jax.jit(jnp.matmul), jnp.asarray(a, dtype), jnp.asarray(b, dtype)
  return lambda: product(a, b).block_until_ready()
