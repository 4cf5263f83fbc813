"""DCGAN: generator and critic of strided convolutions.

Axes: B batch, H height, W width, C channels, Z latent, F features.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.adversarial import BatchDeviation, ConditionalNormalization, Judgement
from nn_zoo.layers.convolution import Conv, ConvTranspose
from nn_zoo.layers.normalization import Normalization
from nn_zoo.layers.spectral import SpectralLinear
from nn_zoo.models.pair import Pair
from nn_zoo.named import DType

_INIT = nn.initializers.normal(0.02)


def stages(shape: tuple[int, ...]) -> tuple[int, int]:
  """The side at which a generator begins, 4 to 7 pixels, and how often that is doubled: 28 -> (7, 2).

  Raises:
    InputError: such a side leads to no image of this shape.
  """
  doublings = 0
  side = shape[0] if len(shape) == 3 else 0
  while side > 7 and side % 2 == 0:
    side, doublings = side // 2, doublings + 1
  if len(shape) != 3 or shape[0] != shape[1] or not 4 <= side <= 7 or not doublings:
    raise InputError(
      f'model.shape={tuple(shape)}: expected (side, side, channels), with a side of 4 to 7 pixels doubled '
      'once or more, such as 28, 32 or 64'
    )
  return side, doublings


class _Generator(nn.Module):
  shape: tuple[int, ...]
  classes: int
  width: int
  dtype: Any

  @nn.compact
  def __call__(self, z_BZ: jax.Array, label_B: jax.Array | None, train: bool) -> jax.Array:
    side, doublings = stages(self.shape)
    if self.classes:
      z_BZ = jnp.concatenate([z_BZ, jax.nn.one_hot(label_B, self.classes)], axis=1)
    features = self.width * 2 ** (doublings - 1)
    fields = {'use_bias': False, 'kernel_init': _INIT, 'dtype': self.dtype}
    h = nn.Dense(side * side * features, **fields)(z_BZ).reshape(-1, side, side, features)
    h = ConditionalNormalization(self.classes, 'relu', self.dtype)(h, label_B, train)
    for level in range(doublings - 1, 0, -1):
      h = ConvTranspose(self.width * 2 ** (level - 1), (4, 4), 2, **fields)(h)
      h = ConditionalNormalization(self.classes, 'relu', self.dtype)(h, label_B, train)
    h = ConvTranspose(self.shape[-1], (4, 4), 2, kernel_init=_INIT, dtype=self.dtype)(h)
    return jnp.tanh(h)


class _Critic(nn.Module):
  doublings: int
  classes: int
  width: int
  normalization: str
  spectral: bool
  batch_deviation: bool
  dtype: Any

  @nn.compact
  def __call__(self, x_BHWC: jax.Array, label_B: jax.Array | None, train: bool) -> jax.Array:
    h = x_BHWC
    for level in range(self.doublings):
      h = SpectralLinear(
        self.width * 2**level,
        (4, 4),
        2,
        self.spectral,
        kernel_init=nn.initializers.lecun_normal() if self.spectral else _INIT,
        dtype=self.dtype,
      )(h, train)
      if level:
        h = Normalization(self.normalization, dtype=self.dtype)(h, train)
      h = nn.leaky_relu(h, 0.2)
    if self.batch_deviation:
      h = BatchDeviation()(h, train)
    return Judgement(self.classes, self.spectral, self.dtype)(
      h.reshape(h.shape[0], -1), label_B, train
    )


class _Encoder(nn.Module):
  doublings: int
  latent: int
  width: int
  dtype: Any

  @nn.compact
  def __call__(self, x_BHWC: jax.Array, train: bool) -> jax.Array:
    h = x_BHWC
    for level in range(self.doublings):
      h = Conv(self.width * 2**level, (4, 4), 2, use_bias=False, dtype=self.dtype)(h)
      h = Normalization('batch', activation='relu', dtype=self.dtype)(h, train)
    return nn.Dense(self.latent, dtype=self.dtype)(h.reshape(h.shape[0], -1))


class DCGAN(Pair):
  """4x4 convolutions of stride 2, transposed ones in the generator; tanh at its end: images in [-1, 1].

  28x28x1: z -> 7x7x2w -> 14x14xw -> 28x28x1, and back. Every doubling more has half the features.

  Attributes:
    shape: of an image; sides are 4 to 7 pixels, doubled once or more: 8, 16, 28, 32, 64, ...
    latent: numbers that the generator begins with.
    classes: of a conditional net, by conditional batch normalization (generator) and projection (critic);
      0 for none.
    width: features of the largest maps.
    normalization: of the critic, 'batch' as in the paper; 'layer' or 'none' where it has a gradient penalty.
    spectral: normalize the critic's weights, see `nn_zoo.layers.spectral`.
    batch_deviation: show the critic how much a batch varies, see `nn_zoo.layers.adversarial`.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Radford, Metz & Chintala 2016, "Unsupervised representation learning with deep convolutional
  generative adversarial networks", https://arxiv.org/abs/1511.06434.
  """

  shape: tuple[int, ...] = (28, 28, 1)
  latent: int = 64
  classes: int = 0
  width: int = 32
  normalization: str = 'batch'
  spectral: bool = False
  batch_deviation: bool = False
  dtype: DType = None

  def setup(self):
    doublings = stages(self.shape)[1]
    self.generator = _Generator(self.shape, self.classes, self.width, self.dtype)
    self.critic = _Critic(
      doublings,
      self.classes,
      self.width,
      self.normalization,
      self.spectral,
      self.batch_deviation,
      self.dtype,
    )
    self.encoder = _Encoder(doublings, self.latent, self.width, self.dtype)

  def encode(self, x: jax.Array, train: bool = False) -> jax.Array:
    """What an image may have been made of, [B, latent]; no part of the paper, see `nn_zoo.tasks.f_anogan`."""
    return self.encoder(x, train)
