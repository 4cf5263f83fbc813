"""A generator and a critic of dense layers, for points and small tables.

Axes: B batch, Z latent, F hidden.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.layers.activation import Activation
from nn_zoo.layers.adversarial import BatchDeviation, Judgement
from nn_zoo.layers.spectral import SpectralLinear
from nn_zoo.models.pair import Pair
from nn_zoo.named import DType


class _Generator(nn.Module):
  shape: tuple[int, ...]
  classes: int
  widths: tuple[int, ...]
  activation: str
  dtype: Any

  @nn.compact
  def __call__(self, z_BZ: jax.Array, label_B: jax.Array | None, train: bool) -> jax.Array:
    h_BF = z_BZ
    if self.classes:
      h_BF = jnp.concatenate([h_BF, jax.nn.one_hot(label_B, self.classes)], axis=1)
    for width in self.widths:
      h_BF = Activation(self.activation)(nn.Dense(width, dtype=self.dtype)(h_BF))
    return nn.Dense(math.prod(self.shape), dtype=self.dtype)(h_BF).reshape(-1, *self.shape)


class _Critic(nn.Module):
  classes: int
  widths: tuple[int, ...]
  activation: str
  spectral: bool
  batch_deviation: bool
  dtype: Any

  @nn.compact
  def __call__(self, x: jax.Array, label_B: jax.Array | None, train: bool) -> jax.Array:
    h_BF = x.reshape(x.shape[0], -1)
    for width in self.widths:
      h_BF = SpectralLinear(width, spectral=self.spectral, dtype=self.dtype)(h_BF, train)
      h_BF = Activation(self.activation)(h_BF)
    if self.batch_deviation:
      h_BF = BatchDeviation()(h_BF, train)
    return Judgement(self.classes, self.spectral, self.dtype)(h_BF, label_B, train)


class GanMLP(Pair):
  """Generator and critic are multilayer perceptrons; the generator's outputs are linear.

  Attributes:
    shape: of an example, such as (2,) for points.
    latent: numbers that the generator begins with.
    classes: of a conditional net, which takes them as one-hot inputs (generator) and by projection (critic);
      0 for none.
    widths: units of the hidden layers, of either.
    activation: of either, a name in `nn_zoo.ops.activations.ACTIVATIONS`.
    spectral: normalize the critic's weights, see `nn_zoo.layers.spectral`.
    batch_deviation: show the critic how much a batch varies, see `nn_zoo.layers.adversarial`.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Goodfellow et al. 2014, "Generative adversarial nets", https://arxiv.org/abs/1406.2661.
  """

  shape: tuple[int, ...] = (2,)
  latent: int = 2
  classes: int = 0
  widths: tuple[int, ...] = (128, 128)
  activation: str = 'relu'
  spectral: bool = False
  batch_deviation: bool = False
  dtype: DType = None

  def setup(self):
    common = (self.widths, self.activation)
    self.generator = _Generator(self.shape, self.classes, *common, self.dtype)
    self.critic = _Critic(self.classes, *common, self.spectral, self.batch_deviation, self.dtype)
