"""MobileNetV2, and its inverted residual block.

Axes: B batch, H height, W width, C channels, F features.
"""

import jax
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.normalization import Normalization
from nn_zoo.layers.residual import HE_NORMAL
from nn_zoo.layers.squeeze_excitation import SqueezeExcitation
from nn_zoo.layers.stochastic_depth import StochasticDepth, linear_rates
from nn_zoo.named import DType
from nn_zoo.ops.pooling import global_average_pool


def divisible(channels: float) -> int:
  """The nearest multiple of 8, from 8 on, that is not more than a tenth below."""
  nearest = max(8, int(channels + 4) // 8 * 8)
  return nearest if nearest >= 0.9 * channels else nearest + 8


class ConvNormalization(nn.Module):
  """A convolution padded by half its kernel, then normalization; the bias is left to the latter.

  Attributes:
    features, kernel, strides, groups: of the convolution; groups=0: depthwise.
    normalization, epsilon, activation: see `nn_zoo.layers.normalization`.
    zero_init: the normalization's scale starts at 0, or the kernel if there is no normalization.
    dtype: of the computation; parameters are float32.
  """

  features: int
  kernel: int
  strides: int = 1
  groups: int = 1
  normalization: str = 'batch'
  epsilon: float | None = None
  activation: str = 'identity'
  zero_init: bool = False
  dtype: DType = None

  @nn.compact
  def __call__(self, x_BHWC: jax.Array, train: bool) -> jax.Array:
    plain = self.normalization == 'none'
    x_BHWC = Conv(
      self.features,
      (self.kernel, self.kernel),
      strides=self.strides,
      padding=self.kernel // 2,
      groups=self.groups,
      use_bias=plain,
      kernel_init=nn.initializers.zeros if plain and self.zero_init else HE_NORMAL,
      dtype=self.dtype,
    )(x_BHWC)
    scale_init = nn.initializers.zeros if self.zero_init else nn.initializers.ones
    fields = {'epsilon': self.epsilon, 'activation': self.activation, 'dtype': self.dtype}
    return Normalization(self.normalization, scale_init=scale_init, **fields)(x_BHWC, train)


class InvertedResidual(nn.Module):
  """1x1 convolution to more channels, depthwise convolution, 1x1 convolution to few without an activation.

  The inputs are added where neither size nor channels change.

  Attributes:
    features: output channels.
    expansion: channels in between, as a multiple of the inputs'; 1: no first convolution.
    kernel, strides: of the depthwise convolution.
    squeeze: units of squeeze and excitation as a share of the input channels; 0: none.
    activation, normalization, epsilon: as of the model.
    stochastic_depth: probability that the branch is dropped in training.
    zero_init: the branch starts as 0.
    dtype: of the computation; parameters are float32.
  """

  features: int
  expansion: int
  kernel: int = 3
  strides: int = 1
  squeeze: float = 0.0
  activation: str = 'relu6'
  normalization: str = 'batch'
  epsilon: float | None = None
  stochastic_depth: float = 0.0
  zero_init: bool = False
  dtype: DType = None

  @nn.compact
  def __call__(self, x_BHWC: jax.Array, train: bool) -> jax.Array:
    def convolve(x_BHWC, features, kernel, **fields):
      same = {'normalization': self.normalization, 'epsilon': self.epsilon, 'dtype': self.dtype}
      return ConvNormalization(features, kernel, **same, **fields)(x_BHWC, train)

    channels = x_BHWC.shape[-1]
    inner = channels * self.expansion
    h_BHWC = x_BHWC
    if self.expansion > 1:
      h_BHWC = convolve(h_BHWC, inner, 1, activation=self.activation)
    depthwise = {'groups': 0, 'strides': self.strides, 'activation': self.activation}
    h_BHWC = convolve(h_BHWC, inner, self.kernel, **depthwise)
    if self.squeeze:
      units = max(1, int(channels * self.squeeze))
      h_BHWC = SqueezeExcitation(units, self.activation, dtype=self.dtype)(h_BHWC)
    residual = self.strides == 1 and channels == self.features
    h_BHWC = convolve(h_BHWC, self.features, 1, zero_init=self.zero_init and residual)
    if not residual:
      return h_BHWC
    return x_BHWC + StochasticDepth(self.stochastic_depth)(h_BHWC, train)


class MobileNetV2(nn.Module):
  """Inverted residual blocks with depthwise convolutions, for little memory and few multiplications.

  224x224x3: 3,504,872 parameters for 1000 classes.

  Attributes:
    classes: outputs.
    width: factor of all channels, which become multiples of 8.
    stages: (expansion, channels, blocks, strides of the first block) each.
    last_width: features before the output; not made smaller by `width`.
    dropout: share of those features set to 0 in training.
    stochastic_depth: probability that the last block is dropped; earlier ones less, in proportion.
    normalization: see `nn_zoo.layers.normalization`.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    zero_init: residual blocks start as the identity.
    small_images: the first convolution keeps the size, for images of 28 to 64 pixels.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Sandler, Howard, Zhu, Zhmoginov & Chen 2018, "MobileNetV2: inverted residuals and linear
  bottlenecks", https://arxiv.org/abs/1801.04381. Initial weights and dropout are those of torchvision.
  """

  classes: int
  width: float = 1.0
  stages: tuple[tuple[int, ...], ...] = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
  )
  last_width: int = 1280
  dropout: float = 0.2
  stochastic_depth: float = 0.0
  normalization: str = 'batch'
  activation: str = 'relu6'
  zero_init: bool = False
  small_images: bool = False
  dtype: DType = None

  def setup(self):
    self.head = nn.Dense(self.classes, kernel_init=nn.initializers.normal(0.01), dtype=self.dtype)

  @nn.compact
  def features(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    """[batch, features] before the output layer."""
    if x_BHWC.ndim != 4:
      raise InputError(
        f'mobilenet_v2 takes images [batch, height, width, channels], got {x_BHWC.shape}'
      )
    same = {'normalization': self.normalization, 'dtype': self.dtype}
    edges = {'activation': self.activation, **same}
    stem = ConvNormalization(divisible(32 * self.width), 3, 1 if self.small_images else 2, **edges)
    x_BHWC = stem(x_BHWC, train)
    rates = iter(linear_rates(self.stochastic_depth, sum(stage[2] for stage in self.stages)))
    for expansion, channels, blocks, strides in self.stages:
      for block in range(blocks):
        x_BHWC = InvertedResidual(
          divisible(channels * self.width),
          expansion,
          strides=1 if block else strides,
          activation=self.activation,
          stochastic_depth=next(rates),
          zero_init=self.zero_init,
          **same,
        )(x_BHWC, train)
    last = ConvNormalization(divisible(self.last_width * max(1, self.width)), 1, **edges)
    h_BF = global_average_pool(last(x_BHWC, train))
    return Dropout(self.dropout, deterministic=not train)(h_BF)

  def __call__(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    return self.head(self.features(x_BHWC, train))
