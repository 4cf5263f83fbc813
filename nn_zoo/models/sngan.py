"""SNGAN: generator and critic of residual blocks, the critic's weights spectrally normalized.

Axes: B batch, H height, W width, C channels, Z latent, F features.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.layers.adversarial import BatchDeviation, ConditionalNormalization, Judgement
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.spectral import SpectralLinear
from nn_zoo.models.dcgan import stages
from nn_zoo.models.pair import Pair
from nn_zoo.named import DType
from nn_zoo.ops.pooling import average_pool

_INIT = nn.initializers.glorot_uniform()


def _doubled(x_BHWC):
  return jnp.repeat(jnp.repeat(x_BHWC, 2, axis=1), 2, axis=2)


class _Up(nn.Module):
  features: int
  classes: int
  dtype: Any

  @nn.compact
  def __call__(self, x: jax.Array, label_B: jax.Array | None, train: bool) -> jax.Array:
    fields = {'kernel_init': _INIT, 'dtype': self.dtype}
    h = ConditionalNormalization(self.classes, 'relu', self.dtype)(x, label_B, train)
    h = Conv(self.features, (3, 3), use_bias=False, **fields)(_doubled(h))
    h = ConditionalNormalization(self.classes, 'relu', self.dtype)(h, label_B, train)
    h = Conv(self.features, (3, 3), **fields)(h)
    return h + _doubled(Conv(self.features, (1, 1), use_bias=False, **fields)(x))


class _Down(nn.Module):
  features: int
  spectral: bool
  halve: bool
  first: bool
  dtype: Any

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    def convolution(size, **fields):
      return SpectralLinear(
        self.features,
        (size, size),
        spectral=self.spectral,
        kernel_init=_INIT,
        dtype=self.dtype,
        **fields,
      )

    h = x if self.first else nn.relu(x)
    h = nn.relu(convolution(3)(h, train))
    h = convolution(3)(h, train)
    if self.halve or x.shape[-1] != self.features:
      x = convolution(1, use_bias=False)(x, train)
    return average_pool(h) + average_pool(x) if self.halve else h + x


class _Generator(nn.Module):
  shape: tuple[int, ...]
  classes: int
  width: int
  dtype: Any

  @nn.compact
  def __call__(self, z_BZ: jax.Array, label_B: jax.Array | None, train: bool) -> jax.Array:
    side, doublings = stages(self.shape)
    fields = {'kernel_init': _INIT, 'dtype': self.dtype}
    h = nn.Dense(side * side * self.width, **fields)(z_BZ).reshape(-1, side, side, self.width)
    for _ in range(doublings):
      h = _Up(self.width, self.classes, self.dtype)(h, label_B, train)
    h = ConditionalNormalization(activation='relu', dtype=self.dtype)(h, None, train)
    return jnp.tanh(Conv(self.shape[-1], (3, 3), **fields)(h))


class _Critic(nn.Module):
  doublings: int
  classes: int
  width: int
  spectral: bool
  batch_deviation: bool
  dtype: Any

  @nn.compact
  def __call__(self, x_BHWC: jax.Array, label_B: jax.Array | None, train: bool) -> jax.Array:
    h = x_BHWC
    for level in range(self.doublings + 1):
      halve = level < max(min(self.doublings, 2), self.doublings - 1)  # down to 7 or 8 pixels
      h = _Down(self.width, self.spectral, halve, level == 0, self.dtype)(h, train)
    h = nn.relu(h)
    if self.batch_deviation:
      h = BatchDeviation()(h, train)
    return Judgement(self.classes, self.spectral, self.dtype)(jnp.sum(h, (1, 2)), label_B, train)


class SNGAN(Pair):
  """Residual blocks of 3x3 convolutions, doubled by repetition and halved by average pooling.

  Attributes:
    shape: of an image; sides are 4 to 7 pixels, doubled once or more: 28, 32, 64, ...
    latent: numbers that the generator begins with.
    classes: of a conditional net, by conditional batch normalization (generator) and projection (critic);
      0 for none.
    width: features of all maps; the paper's is 256 in the generator and 128 in the critic.
    spectral: normalize the critic's weights.
    batch_deviation: show the critic how much a batch varies, see `nn_zoo.layers.adversarial`.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Miyato, Kataoka, Koyama & Yoshida 2018, "Spectral normalization for generative adversarial
  networks", https://arxiv.org/abs/1802.05957, its networks for 32x32 images.
  Departures: one width for both players; shortcuts have no bias.
  """

  shape: tuple[int, ...] = (32, 32, 3)
  latent: int = 128
  classes: int = 0
  width: int = 64
  spectral: bool = True
  batch_deviation: bool = False
  dtype: DType = None

  def setup(self):
    doublings = stages(self.shape)[1]
    self.generator = _Generator(self.shape, self.classes, self.width, self.dtype)
    self.critic = _Critic(
      doublings, self.classes, self.width, self.spectral, self.batch_deviation, self.dtype
    )
