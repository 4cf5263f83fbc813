"""VGG: deep stacks of 3x3 convolutions.

Axes: B batch, H height, W width, C channels, F features.
"""

import jax
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.activation import Activation
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.normalization import Normalization
from nn_zoo.layers.residual import HE_NORMAL
from nn_zoo.named import DType
from nn_zoo.ops.pooling import adaptive_average_pool, max_pool

# Convolutions of each of the five stages; columns A, B, D and E of the paper's table 1.
STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)
HIDDEN = 4096


class VGG(nn.Module):
  """Five stages of 3x3 convolutions and 2x2 pooling, then three dense layers.

  Attributes:
    classes: outputs.
    depth: layers with weights: 11, 13, 16 or 19.
    width: multiplier of the channels and of the units of the dense layers.
    grid: height and width to which the last maps are averaged before the dense layers; 7 is what images of
      224 pixels have anyway, 1 suits those of 32.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    normalization: 'none' as in the paper, 'batch', 'group' or 'layer'.
    dropout: share of the dense layers' units set to 0 in training.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Parameters at 1000 classes: 132,863,336 (11), 133,047,848 (13), 138,357,544 (16), 143,667,240 (19).

  Source: Simonyan & Zisserman 2014, "Very deep convolutional networks for large-scale image
  recognition", https://arxiv.org/abs/1409.1556. Departures: kernels start as of He et al. 2015, with which
  the deeper networks need no pre-training; other sizes than 224x224 are averaged to the grid.
  """

  classes: int
  depth: int = 16
  width: float = 1.0
  grid: int = 7
  activation: str = 'relu'
  normalization: str = 'none'
  dropout: float = 0.5
  dtype: DType = None

  def setup(self):
    self.head = nn.Dense(self.classes, dtype=self.dtype)

  def __call__(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    return self.head(self.features(x_BHWC, train))

  @nn.compact
  def features(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    """What the last layer sees: [batch, features]."""
    if self.depth not in STAGES:
      raise InputError(f'depth={self.depth}: vgg has {", ".join(map(str, STAGES))}')
    if x_BHWC.ndim != 4 or min(x_BHWC.shape[1:3]) < 32:
      raise InputError(
        f'vgg takes images [batch, height, width, channels] of at least 32x32 pixels, got {x_BHWC.shape}'
      )
    for width, count in zip(WIDTHS, STAGES[self.depth], strict=True):
      for _ in range(count):
        x_BHWC = Conv(
          max(1, round(width * self.width)),
          use_bias=self.normalization == 'none',
          kernel_init=HE_NORMAL,
          dtype=self.dtype,
        )(x_BHWC)
        x_BHWC = Normalization(self.normalization, activation=self.activation, dtype=self.dtype)(
          x_BHWC, train
        )
      x_BHWC = max_pool(x_BHWC)
    x_BHWC = adaptive_average_pool(x_BHWC, self.grid)
    h_BF = x_BHWC.reshape(x_BHWC.shape[0], -1)
    for _ in range(2):
      h_BF = nn.Dense(max(1, round(HIDDEN * self.width)), dtype=self.dtype)(h_BF)
      h_BF = Activation(self.activation)(h_BF)
      h_BF = Dropout(self.dropout, deterministic=not train)(h_BF)
    return h_BF
