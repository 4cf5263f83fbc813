"""Layers of generators and critics: normalization that knows the class, and a critic's view of variety.

Axes: B batch, C channels.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.layers.activation import Activation
from nn_zoo.layers.normalization import BatchNorm, Normalization
from nn_zoo.layers.spectral import SpectralLinear


class ConditionalNormalization(nn.Module):
  """Batch normalization whose scale and bias belong to the class; ordinary where there are no classes.

  Attributes:
    classes: 0 for none.
    activation: of the result.
    dtype: of the computation; parameters are float32.

  Source: Dumoulin, Shlens & Kudlur 2017, "A learned representation for artistic style",
  https://arxiv.org/abs/1610.07629; in generators: Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637.
  """

  classes: int = 0
  activation: str = 'identity'
  dtype: Any = None

  @nn.compact
  def __call__(self, x: jax.Array, label_B: jax.Array | None, train: bool) -> jax.Array:
    if not self.classes:
      return Normalization('batch', activation=self.activation, dtype=self.dtype)(x, train)
    y = BatchNorm(affine=False, dtype=self.dtype)(x, train)
    shape = (x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1])
    fields = {'num_embeddings': self.classes, 'features': x.shape[-1], 'dtype': self.dtype}
    scale = nn.Embed(**fields, embedding_init=nn.initializers.ones, name='scale')(label_B)
    bias = nn.Embed(**fields, embedding_init=nn.initializers.zeros, name='bias')(label_B)
    return Activation(self.activation)(y * scale.reshape(shape) + bias.reshape(shape))


class BatchDeviation(nn.Module):
  """One more channel: how much the examples of a batch differ, so that the critic can see a lack of variety.

  s = mean over positions and channels of the standard deviation over the batch. At evaluation s is its
  running average of training, so that a judgement does not depend on the other examples.

  Source: Karras, Aila, Laine & Lehtinen 2018, "Progressive growing of GANs", https://arxiv.org/abs/1710.10196.
  Departures: one group, the whole batch; the running average.
  """

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    average = self.variable('batch_stats', 'deviation', lambda: jnp.zeros([]))
    value = average.value
    if train:
      variance = jnp.mean((x - jnp.mean(x, axis=0, keepdims=True)) ** 2, axis=0)
      value = jnp.mean(jnp.sqrt(variance + 1e-8))
      if not self.is_initializing():
        average.value = 0.9 * average.value + 0.1 * jax.lax.stop_gradient(value)
    column = jnp.broadcast_to(value.astype(x.dtype), (*x.shape[:-1], 1))
    return jnp.concatenate([x, column], axis=-1)


class Judgement(nn.Module):
  """The critic's last layer: logit = w . phi + b, and + embedding_y . phi where there are classes.

  phi is kept in the collection 'features', for those who ask for it.

  Attributes:
    classes: 0 for none.
    spectral: normalize w, see `nn_zoo.layers.spectral`.
    dtype: of the computation; parameters are float32.

  Source: Miyato & Koyama 2018, "cGANs with projection discriminator", https://arxiv.org/abs/1802.05637.
  Departure: the embedding is not spectrally normalized.
  """

  classes: int = 0
  spectral: bool = False
  dtype: Any = None

  @nn.compact
  def __call__(self, phi_BF: jax.Array, label_B: jax.Array | None, train: bool) -> jax.Array:
    if not self.is_initializing():  # it is no variable of the net
      self.sow('features', 'phi', phi_BF)
    logit_B = SpectralLinear(1, spectral=self.spectral, dtype=self.dtype)(phi_BF, train)[:, 0]
    if self.classes:
      y_BF = nn.Embed(self.classes, phi_BF.shape[-1], dtype=self.dtype, name='label')(label_B)
      logit_B = logit_B + jnp.sum(y_BF * phi_BF, axis=1)
    return logit_B
