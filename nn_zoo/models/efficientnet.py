"""EfficientNet: depth, width and image size grow together.

Axes: B batch, H height, W width, C channels, F features.
"""

import math

import jax
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.stochastic_depth import linear_rates
from nn_zoo.models.mobilenet import ConvNormalization, InvertedResidual, divisible
from nn_zoo.named import DType
from nn_zoo.ops.pooling import global_average_pool

HEAD = nn.initializers.variance_scaling(1 / 3, 'fan_out', 'uniform')
EPSILON = 1e-3  # of the authors' code; the paper does not say


class EfficientNet(nn.Module):
  """Inverted residual blocks with squeeze and excitation; at width and depth 1 it is EfficientNet-B0.

  224x224x3: 5,288,548 parameters for 1000 classes. B1 to B7 have (width, depth, pixels, dropout)
  (1, 1.1, 240, 0.2), (1.1, 1.2, 260, 0.3), (1.2, 1.4, 300, 0.3), (1.4, 1.8, 380, 0.4),
  (1.6, 2.2, 456, 0.4), (1.8, 2.6, 528, 0.5), (2, 3.1, 600, 0.5).

  Attributes:
    classes: outputs.
    width: factor of all channels, which become multiples of 8.
    depth: factor of the blocks in each stage, rounded up.
    stages: (expansion, channels, blocks, strides of the first block, kernel) each.
    dropout: share of the features before the output set to 0 in training.
    stochastic_depth: probability that the last block is dropped; earlier ones less, in proportion.
    normalization: see `nn_zoo.layers.normalization`.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    zero_init: residual blocks start as the identity.
    small_images: the first convolution keeps the size, for images of 28 to 64 pixels.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Tan & Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks",
  https://arxiv.org/abs/1905.11946. Initial weights are those of torchvision.
  """

  classes: int
  width: float = 1.0
  depth: float = 1.0
  stages: tuple[tuple[int, ...], ...] = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
  )
  dropout: float = 0.2
  stochastic_depth: float = 0.2
  normalization: str = 'batch'
  activation: str = 'silu'
  zero_init: bool = False
  small_images: bool = False
  dtype: DType = None

  def setup(self):
    self.head = nn.Dense(self.classes, kernel_init=HEAD, dtype=self.dtype)

  @nn.compact
  def features(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    """[batch, features] before the output layer."""
    if x_BHWC.ndim != 4:
      raise InputError(
        f'efficientnet takes images [batch, height, width, channels], got {x_BHWC.shape}'
      )
    same = {'normalization': self.normalization, 'epsilon': EPSILON, 'dtype': self.dtype}
    edges = {'activation': self.activation, **same}
    stem = ConvNormalization(divisible(32 * self.width), 3, 1 if self.small_images else 2, **edges)
    x_BHWC = stem(x_BHWC, train)
    counts = [math.ceil(stage[2] * self.depth) for stage in self.stages]
    rates = iter(linear_rates(self.stochastic_depth, sum(counts)))
    for (expansion, channels, _, strides, kernel), blocks in zip(self.stages, counts, strict=True):
      for block in range(blocks):
        x_BHWC = InvertedResidual(
          divisible(channels * self.width),
          expansion,
          kernel,
          strides=1 if block else strides,
          squeeze=0.25,
          activation=self.activation,
          stochastic_depth=next(rates),
          zero_init=self.zero_init,
          **same,
        )(x_BHWC, train)
    last = ConvNormalization(4 * x_BHWC.shape[-1], 1, **edges)
    h_BF = global_average_pool(last(x_BHWC, train))
    return Dropout(self.dropout, deterministic=not train)(h_BF)

  def __call__(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    return self.head(self.features(x_BHWC, train))
