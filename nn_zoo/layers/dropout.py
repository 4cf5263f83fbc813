"""Dropout as a Linen module: flax.linen's, but for its speed on a CPU (`nn_zoo.ops.random`)."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.ops.random import bernoulli


class Dropout(nn.Module):
  """y = x / (1 - rate) with probability 1 - rate, else 0; x itself if `deterministic`.

  Attributes:
    rate: share of the entries that is set to 0, from 0 to below 1; an array [] where a scan gives it.
    broadcast_dims: axes along which all entries share a draw.
    deterministic: of every call that does not say.

  Draws are those of `flax.linen.Dropout`, bit for bit.

  Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, "Dropout: A simple way to prevent
  neural networks from overfitting", https://jmlr.org/papers/v15/srivastava14a.html.
  """

  rate: float | jax.Array
  broadcast_dims: tuple[int, ...] = ()
  deterministic: bool | None = None

  @nn.compact
  def __call__(self, x: jax.Array, deterministic: bool | None = None) -> jax.Array:
    known = not isinstance(self.rate, jax.Array)
    if nn.merge_param('deterministic', self.deterministic, deterministic):
      return x
    if known and self.rate == 0:
      return x
    dims = {axis % x.ndim for axis in self.broadcast_dims}
    shape = tuple(1 if axis in dims else size for axis, size in enumerate(x.shape))
    share = 1 - self.rate
    kept = bernoulli(self.make_rng('dropout'), share, shape)
    return jnp.where(kept, x / (share if known else share.astype(x.dtype)), 0)

  def key(self) -> jax.Array | None:
    """The key of the draws, for a function that drops by itself; None where nothing is dropped."""
    if self.deterministic or self.rate == 0:
      return None
    return self.make_rng('dropout')
