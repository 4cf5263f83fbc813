"""ConvNeXt: a convolutional network with the proportions of a vision transformer.

Axes: B batch, H height, W width, C channels, F features.
"""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.activation import Activation
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.normalization import Normalization
from nn_zoo.layers.stochastic_depth import StochasticDepth, linear_rates
from nn_zoo.named import DType
from nn_zoo.ops.pooling import global_average_pool

INITIAL = nn.initializers.truncated_normal(0.02)


class ConvNeXtBlock(nn.Module):
  """Depthwise 7x7 convolution, normalization, and a dense layer to four times the channels and back.

  y = x + γ dense(activation(dense(normalization(depthwise(x)))))

  Attributes:
    layer_scale: γ's initial value, one a channel.
    activation, normalization, dtype: as of the model.
    stochastic_depth: probability that the branch is dropped in training.
  """

  layer_scale: float = 1e-6
  activation: str = 'gelu'
  normalization: str = 'layer'
  stochastic_depth: float = 0.0
  dtype: DType = None

  @nn.compact
  def __call__(self, x_BHWC: jax.Array, train: bool) -> jax.Array:
    channels = x_BHWC.shape[-1]
    dense = partial(nn.Dense, kernel_init=INITIAL, dtype=self.dtype)
    h_BHWC = Conv(channels, (7, 7), padding=3, groups=0, kernel_init=INITIAL, dtype=self.dtype)(
      x_BHWC
    )
    h_BHWC = Normalization(self.normalization, dtype=self.dtype)(h_BHWC, train)
    h_BHWC = Activation(self.activation)(dense(4 * channels)(h_BHWC))
    h_BHWC = dense(channels)(h_BHWC)
    scale_C = self.param(
      'layer_scale', nn.initializers.constant(self.layer_scale), (channels,), jnp.float32
    )
    h_BHWC *= scale_C.astype(h_BHWC.dtype)[None, None, None]
    return x_BHWC + StochasticDepth(self.stochastic_depth)(h_BHWC, train)


class ConvNeXt(nn.Module):
  """Four stages of ConvNeXt blocks; the default is ConvNeXt-T.

  224x224x3: 28,589,128 parameters for 1000 classes. S has depths (3, 3, 27, 3); B too, with width 4/3;
  L with width 2.

  Attributes:
    classes: outputs.
    width: factor of all channels.
    depths, widths: blocks and channels of the stages.
    layer_scale: initial weight of each block's branch.
    dropout: share of the features before the output set to 0 in training.
    stochastic_depth: probability that the last block is dropped; earlier ones less, in proportion.
    normalization: see `nn_zoo.layers.normalization`.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    small_images: the stem is a 3x3 convolution that keeps the size in place of patches of 4x4 pixels,
      for images of 28 to 64 pixels.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Liu, Mao, Wu, Feichtenhofer, Darrell & Xie 2022, "A ConvNet for the 2020s",
  https://arxiv.org/abs/2201.03545. Convolutions keep their bias in front of a normalization, as there.
  """

  classes: int
  width: float = 1.0
  depths: tuple[int, ...] = (3, 3, 9, 3)
  widths: tuple[int, ...] = (96, 192, 384, 768)
  layer_scale: float = 1e-6
  dropout: float = 0.0
  stochastic_depth: float = 0.1
  normalization: str = 'layer'
  activation: str = 'gelu'
  small_images: bool = False
  dtype: DType = None

  def setup(self):
    self.head = nn.Dense(self.classes, kernel_init=INITIAL, dtype=self.dtype)

  @nn.compact
  def features(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    """[batch, features] before the output layer."""
    if len(self.depths) != len(self.widths):
      raise InputError(
        f'convnext: depths={self.depths} and widths={self.widths} name different numbers of stages'
      )
    patch = 1 if self.small_images else 4
    smallest = patch * 2 ** (len(self.depths) - 1)
    if x_BHWC.ndim != 4 or min(x_BHWC.shape[1:3]) < smallest:
      raise InputError(
        f'convnext takes images [batch, height, width, channels] of at least {smallest}x{smallest} '
        f'pixels, got {x_BHWC.shape}'
      )
    normalize = partial(Normalization, self.normalization, dtype=self.dtype)
    convolution = partial(Conv, padding='VALID', kernel_init=INITIAL, dtype=self.dtype)
    rates = iter(linear_rates(self.stochastic_depth, sum(self.depths)))
    for stage, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True)):
      channels = round(width * self.width)
      if stage:
        x_BHWC = convolution(channels, (2, 2), strides=2)(normalize()(x_BHWC, train))
      elif self.small_images:
        x_BHWC = normalize()(convolution(channels, (3, 3), padding=1)(x_BHWC), train)
      else:
        x_BHWC = normalize()(convolution(channels, (patch, patch), strides=patch)(x_BHWC), train)
      for _ in range(depth):
        x_BHWC = ConvNeXtBlock(
          self.layer_scale, self.activation, self.normalization, next(rates), dtype=self.dtype
        )(x_BHWC, train)
    h_BF = normalize()(global_average_pool(x_BHWC), train)
    return Dropout(self.dropout, deterministic=not train)(h_BF)

  def __call__(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    return self.head(self.features(x_BHWC, train))
