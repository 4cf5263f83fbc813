"""Normalization by name, so that a model can offer the choice as one field."""

from collections.abc import Callable
from typing import Any

import jax
from flax import linen as nn

from nn_zoo.errors import InputError

NORMALIZATIONS = ('none', 'batch', 'layer', 'group')


class Normalization(nn.Module):
  """'none', 'batch', 'layer' or 'group' normalization of the channels, which are the last axis.

  y = (x - mean) / sqrt(variance + epsilon) * scale + bias; mean and variance are over the batch and all
  positions ('batch'; running averages are used when not training), over the channels ('layer'), or over
  all positions and the channels of a group ('group').

  Attributes:
    kind: one of NORMALIZATIONS.
    momentum: what the running averages of 'batch' keep of themselves in a step.
    epsilon: None for 1e-5, or for 1e-6 with 'layer'.
    scale_init: initializer of the scale; zeros where a residual branch is to begin as nothing.
    dtype: of the computation; parameters are float32.

  Groups are at most 32, of the same size, and of two channels at least: one channel by itself at a single
  position would always become 0.

  Sources: Ioffe & Szegedy 2015, "Batch Normalization", https://arxiv.org/abs/1502.03167;
  Ba, Kiros & Hinton 2016, "Layer Normalization", https://arxiv.org/abs/1607.06450;
  Wu & He 2018, "Group Normalization", https://arxiv.org/abs/1803.08494.
  """

  kind: str
  momentum: float = 0.9
  epsilon: float | None = None
  scale_init: Callable = nn.initializers.ones
  dtype: Any = None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    if self.kind == 'none':
      return x
    epsilon = self.epsilon
    if epsilon is None:
      epsilon = 1e-6 if self.kind == 'layer' else 1e-5
    # Flax's fast variance is E[x^2] - E[x]^2, which cancels where the mean is large: off, as in PyTorch.
    fields = {'use_fast_variance': False, 'dtype': self.dtype}
    fields |= {'epsilon': epsilon, 'scale_init': self.scale_init}
    if self.kind == 'batch':
      return nn.BatchNorm(not train, momentum=self.momentum, **fields)(x)
    if self.kind == 'layer':
      return nn.LayerNorm(**fields)(x)
    if self.kind == 'group':
      return nn.GroupNorm(_groups(x.shape[-1]), **fields)(x)
    raise InputError(f'normalization={self.kind!r}: expected one of {", ".join(NORMALIZATIONS)}')


def _groups(channels):
  most = max(1, min(32, channels // 2))
  return next(count for count in range(most, 0, -1) if channels % count == 0)
