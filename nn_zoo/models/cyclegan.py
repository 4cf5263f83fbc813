"""CycleGAN: two translators between two kinds of images, and a critic for each kind.

Axes: B batch, H height, W width, C channels.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.convolution import Conv, ConvTranspose
from nn_zoo.layers.normalization import Normalization
from nn_zoo.named import DType

_INIT = nn.initializers.normal(0.02)


class _Translator(nn.Module):
  channels: int
  width: int
  blocks: int
  dtype: Any

  @nn.compact
  def __call__(self, x_BHWC: jax.Array) -> jax.Array:
    fields = {'kernel_init': _INIT, 'dtype': self.dtype}

    def normalized(h, activation='relu'):
      return Normalization('instance', activation=activation, dtype=self.dtype)(h, True)

    def conv(h, features, size, strides=1):
      padding = 'SAME' if strides > 1 else 'REFLECT'
      return Conv(features, (size, size), strides, padding, use_bias=False, **fields)(h)

    h = normalized(conv(x_BHWC, self.width, 7))
    for factor in (2, 4):
      h = normalized(conv(h, factor * self.width, 3, strides=2))
    for _ in range(self.blocks):
      branch = normalized(conv(h, 4 * self.width, 3))
      h = h + normalized(conv(branch, 4 * self.width, 3), 'identity')
    for factor in (2, 1):
      h = normalized(ConvTranspose(factor * self.width, (4, 4), 2, use_bias=False, **fields)(h))
    return jnp.tanh(Conv(self.channels, (7, 7), padding='REFLECT', **fields)(h))


class _PatchCritic(nn.Module):
  width: int
  dtype: Any

  @nn.compact
  def __call__(self, x_BHWC: jax.Array) -> jax.Array:
    fields = {'kernel_init': _INIT, 'dtype': self.dtype}
    h = nn.leaky_relu(Conv(self.width, (4, 4), 2, **fields)(x_BHWC), 0.2)
    h = Conv(2 * self.width, (4, 4), 2, use_bias=False, **fields)(h)
    h = nn.leaky_relu(Normalization('instance', dtype=self.dtype)(h, True), 0.2)
    return Conv(1, (3, 3), **fields)(h)[..., 0]


class CycleGAN(nn.Module):
  """Translators `forth` (first kind -> second) and `back`, and critics of patches of both kinds.

  A translator: 7x7 convolution, two of stride 2, residual blocks, two transposed ones, 7x7, tanh: images in
  [-1, 1]. A critic: two convolutions of stride 2, and a logit for each 4x4 pixels.

  Attributes:
    shape: of an image of the first kind; sides are multiples of 4, from 8 on.
    other: channels of the second kind, of the same sides.
    width: features of the largest maps.
    blocks: residual blocks of a translator.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Zhu, Park, Isola & Efros 2017, "Unpaired image-to-image translation using cycle-consistent
  adversarial networks", https://arxiv.org/abs/1703.10593. Departures: fewer features and blocks, 4x4 kernels
  in the transposed convolutions, a critic that sees smaller patches: images here are small.
  """

  shape: tuple[int, ...] = (28, 28, 1)
  other: int = 1
  width: int = 16
  blocks: int = 3
  dtype: DType = None

  def setup(self):
    if len(self.shape) != 3 or any(side < 8 or side % 4 for side in self.shape[:2]):
      raise InputError(
        f'model.shape={tuple(self.shape)}: expected (height, width, channels), with sides that are '
        'multiples of 4, from 8 on'
      )
    self.forth = _Translator(self.other, self.width, self.blocks, self.dtype)
    self.back = _Translator(self.shape[-1], self.width, self.blocks, self.dtype)
    self.critic_first = _PatchCritic(self.width, self.dtype)
    self.critic_second = _PatchCritic(self.width, self.dtype)

  def translate(self, x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Images of the first kind as ones of the second, and the other way round: forth(x), back(y)."""
    return self.forth(x), self.back(y)

  def criticise(self, x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Logits [B, H / 4, W / 4] of patches, high for what is taken for real, by the critic of either kind."""
    return self.critic_first(x), self.critic_second(y)

  def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
    """The critic's logits of images of the first kind as ones of the second."""
    del train
    return self.critic_second(self.forth(x))
