"""Stochastic depth: residual blocks that are left out at random in training."""

import jax
from flax import linen as nn

from nn_zoo.layers.dropout import Dropout


class StochasticDepth(nn.Module):
  """Drops the whole residual branch of an example; what is kept is scaled so that its mean stays.

  y_b = x_b keep_b / (1 - rate),   keep_b ~ Bernoulli(1 - rate)

  Attributes:
    rate: probability that a branch is dropped in training; an array [] where a scan gives it.

  Random numbers are of the collection 'dropout'.

  Source: Huang, Sun, Liu, Sedra & Weinberger 2016, "Deep networks with stochastic depth",
  https://arxiv.org/abs/1603.09382. Departure: scaled in training, not in evaluation.
  """

  rate: float | jax.Array

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    inner = tuple(range(1, x.ndim))
    return Dropout(self.rate, broadcast_dims=inner, deterministic=not train)(x)


def linear_rates(rate: float, blocks: int) -> list[float]:
  """rate l / blocks for the blocks l = 1 ... blocks: the deeper, the likelier dropped (equation 4)."""
  return [rate * block / blocks for block in range(1, blocks + 1)]
