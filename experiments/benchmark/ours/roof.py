"""The speed of a large product of matrices in XLA."""

import jax
import jax.numpy as jnp

from experiments.benchmark import side


def roof() -> float:
  """FLOP/s of `side.roof`'s product."""
  return side.roof(_multiply)


def _multiply(a, b):
  product, a, b = jax.jit(jnp.matmul), jnp.asarray(a), jnp.asarray(b)
  return lambda: product(a, b).block_until_ready()
