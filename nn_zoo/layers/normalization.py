"""Normalization by name, so that a model can offer the choice as one field."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.activation import Activation
from nn_zoo.ops.normalization import batch_normalize

NORMALIZATIONS = ('none', 'batch', 'layer', 'group', 'instance')
# Activations that are limits, which batch normalization has for nothing.
LIMITS = {'identity': (-math.inf, math.inf), 'relu': (0.0, math.inf), 'relu6': (0.0, 6.0)}


class BatchNorm(nn.Module):
  """Batch normalization of the last axis: flax.linen's, but for its speed (`nn_zoo.ops.normalization`).

  Attributes:
    momentum: what the running averages keep of themselves in a step.
    epsilon, low, high: see `nn_zoo.ops.normalization`.
    affine: False for no parameters, a scale of 1 and a bias of 0.
    scale_init: initializer of the scale.
    dtype: of the result; parameters and averages are float32.
  """

  momentum: float = 0.9
  epsilon: float = 1e-5
  low: float = -math.inf
  high: float = math.inf
  affine: bool = True
  scale_init: Callable = nn.initializers.ones
  dtype: Any = None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool, added: jax.Array | None = None) -> jax.Array:
    shape = (x.shape[-1],)
    mean_C = self.variable('batch_stats', 'mean', jnp.zeros, shape, jnp.float32)
    variance_C = self.variable('batch_stats', 'var', jnp.ones, shape, jnp.float32)
    scale_C, bias_C = jnp.ones(shape, jnp.float32), jnp.zeros(shape, jnp.float32)
    if self.affine:
      scale_C = self.param('scale', self.scale_init, shape, jnp.float32)
      bias_C = self.param('bias', nn.initializers.zeros, shape, jnp.float32)
    x = x.astype(nn.dtypes.canonicalize_dtype(x, scale_C, bias_C, dtype=self.dtype))
    if not train:
      factor_C = scale_C * jax.lax.rsqrt(variance_C.value + self.epsilon)
      axes = tuple(range(x.ndim - 1))
      mean, factor, bias = (jnp.expand_dims(a, axes) for a in (mean_C.value, factor_C, bias_C))
      y = (x - mean) * factor + bias + (0 if added is None else added)
      return jnp.clip(y, self.low, self.high).astype(x.dtype)
    limits = {'epsilon': self.epsilon, 'low': self.low, 'high': self.high}
    added = None if added is None else added.astype(x.dtype)
    y, *own = batch_normalize(x, scale_C, bias_C, added, **limits)
    if not self.is_initializing():
      for average, new in zip((mean_C, variance_C), own, strict=True):
        average.value = self.momentum * average.value + (1 - self.momentum) * new
    return y


class Normalization(nn.Module):
  """'none', 'batch', 'layer', 'group' or 'instance' normalization of the last axis, a sum, an activation.

  y = (x - mean) / sqrt(variance + epsilon) * scale + bias; mean and variance are over the batch and all
  positions ('batch'; running averages are used when not training), over the channels ('layer'), over
  all positions and the channels of a group ('group'), or over all positions ('instance').

  Attributes:
    kind: one of NORMALIZATIONS.
    momentum: what the running averages of 'batch' keep of themselves in a step.
    epsilon: None for 1e-5, or for 1e-6 with 'layer'.
    scale_init: initializer of the scale; zeros where a residual branch is to begin as nothing.
    activation: of what is normalized, and of the call's `added` if there is any; 'batch' has both for
      nothing with 'relu' and 'relu6'.
    dtype: of the computation; parameters are float32.

  Groups are at most 32, of the same size, and of two channels at least: one channel by itself at a single
  position would always become 0.

  Sources: Ioffe & Szegedy 2015, "Batch Normalization", https://arxiv.org/abs/1502.03167;
  Ba, Kiros & Hinton 2016, "Layer Normalization", https://arxiv.org/abs/1607.06450;
  Wu & He 2018, "Group Normalization", https://arxiv.org/abs/1803.08494;
  Ulyanov, Vedaldi & Lempitsky 2016, "Instance Normalization", https://arxiv.org/abs/1607.08022.
  """

  kind: str
  momentum: float = 0.9
  epsilon: float | None = None
  scale_init: Callable = nn.initializers.ones
  activation: str = 'identity'
  dtype: Any = None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool, added: jax.Array | None = None) -> jax.Array:
    if self.kind == 'batch' and self.activation in LIMITS:
      return self._normalized(x, train, *LIMITS[self.activation], added)
    x = self._normalized(x, train, *LIMITS['identity'])
    x = x if added is None else x + added
    return x if self.activation == 'identity' else Activation(self.activation)(x)

  def _normalized(self, x, train, low, high, added=None):
    if self.kind == 'none':
      return x
    epsilon = self.epsilon
    if epsilon is None:
      epsilon = 1e-6 if self.kind == 'layer' else 1e-5
    fields = {'epsilon': epsilon, 'scale_init': self.scale_init, 'dtype': self.dtype}
    if self.kind == 'batch':
      return BatchNorm(self.momentum, low=low, high=high, **fields)(x, train, added)
    # Flax's fast variance is E[x^2] - E[x]^2, which cancels where the mean is large: off, as in PyTorch.
    fields['use_fast_variance'] = False
    if self.kind == 'layer':
      return nn.LayerNorm(**fields)(x)
    if self.kind == 'group':
      return nn.GroupNorm(_groups(x.shape[-1]), **fields)(x)
    if self.kind == 'instance':
      return nn.GroupNorm(None, group_size=1, **fields)(x)
    raise InputError(f'normalization={self.kind!r}: expected one of {", ".join(NORMALIZATIONS)}')


def _groups(channels):
  most = max(1, min(32, channels // 2))
  return next(count for count in range(most, 0, -1) if channels % count == 0)
