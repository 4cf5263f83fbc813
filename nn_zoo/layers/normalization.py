"""Normalization by name, so that a model can offer the choice as one field."""

from typing import Any

import jax
from flax import linen as nn

from nn_zoo.errors import InputError

NORMALIZATIONS = ('none', 'batch', 'layer')


class Normalization(nn.Module):
  """'none', 'batch' or 'layer' normalization over the last axis.

  y = (x - mean) / sqrt(variance + epsilon) * scale + bias; mean and variance are over the batch and all
  positions ('batch'; running averages are used when not training) or over the last axis ('layer').

  Sources: Ioffe & Szegedy 2015, "Batch Normalization", https://arxiv.org/abs/1502.03167;
  Ba, Kiros & Hinton 2016, "Layer Normalization", https://arxiv.org/abs/1607.06450.
  """

  kind: str
  momentum: float = 0.9
  dtype: Any = None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    if self.kind == 'none':
      return x
    # Flax's fast variance is E[x^2] - E[x]^2, which cancels where the mean is large: off, as in PyTorch.
    accurate = {'use_fast_variance': False, 'dtype': self.dtype}
    if self.kind == 'batch':
      return nn.BatchNorm(not train, momentum=self.momentum, **accurate)(x)
    if self.kind == 'layer':
      return nn.LayerNorm(**accurate)(x)
    raise InputError(f'normalization={self.kind!r}: expected one of {", ".join(NORMALIZATIONS)}')
