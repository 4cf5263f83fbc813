"""DenseNet: every layer sees the outputs of all layers before it.

Axes: B batch, H height, W width, C channels.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.normalization import Normalization
from nn_zoo.layers.residual import HE_NORMAL
from nn_zoo.named import DType
from nn_zoo.ops.pooling import average_pool, global_average_pool, max_pool

# Growth rate, and layers of each dense block; a layer is two convolutions.
DEPTHS = {
  121: (32, (6, 12, 24, 16)),
  161: (48, (6, 12, 36, 24)),
  169: (32, (6, 12, 32, 32)),
  201: (32, (6, 12, 48, 32)),
}


class DenseNet(nn.Module):
  """DenseNet-BC: a convolution and pooling, dense blocks with transitions between them, a dense layer.

  x_l = [x_{l-1}, H_l(x_{l-1})], where H_l is (normalization, activation, convolution) twice: 1x1 to four
  times the growth rate, and 3x3 to the growth rate. A transition is (normalization, activation, 1x1
  convolution) to half of the channels, and 2x2 average pooling.

  Attributes:
    classes: outputs.
    depth: layers with weights: 121, 161, 169 or 201.
    stages: layers of each dense block in place of those of the depth; () for those.
    width: multiplier of the growth rate, which is 32 (48 for 161).
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    normalization: 'batch', 'group', 'layer' or 'none'.
    small_images: begin with a 3x3 convolution and no pooling, which suits images of 28 to 64 pixels.
    dropout: share of each layer's outputs set to 0 in training; 0.2 in the paper without augmentation.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  The paper's DenseNet-BC for CIFAR with 100 layers and growth rate 12 is stages=(16, 16, 16), width=0.375,
  small_images=True: 769,162 parameters at 10 classes.

  Parameters at 1000 classes: 7,978,856 (121), 28,681,000 (161), 14,149,480 (169), 20,013,928 (201).

  Source: Huang, Liu, van der Maaten & Weinberger 2016, "Densely connected convolutional networks",
  https://arxiv.org/abs/1608.06993. Initial kernels are those of He et al. 2015 by the outputs, as in ResNet.
  """

  classes: int
  depth: int = 121
  stages: tuple[int, ...] = ()
  width: float = 1.0
  activation: str = 'relu'
  normalization: str = 'batch'
  small_images: bool = False
  dropout: float = 0.0
  dtype: DType = None

  def setup(self):
    self.head = nn.Dense(self.classes, dtype=self.dtype)

  def __call__(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    return self.head(self.features(x_BHWC, train))

  @nn.compact
  def features(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    """What the last layer sees: [batch, features]."""
    if self.depth not in DEPTHS:
      raise InputError(f'depth={self.depth}: densenet has {", ".join(map(str, DEPTHS))}')
    growth, counts = DEPTHS[self.depth]
    growth, counts = max(1, round(growth * self.width)), self.stages or counts
    smallest = 2 ** (len(counts) - 1 + (0 if self.small_images else 2))
    if x_BHWC.ndim != 4 or min(x_BHWC.shape[1:3]) < smallest:
      raise InputError(
        f'densenet with {len(counts)} blocks takes images [batch, height, width, channels] of at least '
        f'{smallest}x{smallest} pixels, got {x_BHWC.shape}'
      )
    if self.small_images:
      x_BHWC = self._convolved(x_BHWC, 2 * growth, 3)
    else:
      x_BHWC = self._activated(self._convolved(x_BHWC, 2 * growth, 7, 2), train)
      x_BHWC = max_pool(x_BHWC, 3, 2, 1)
    for block, count in enumerate(counts):
      if block:
        x_BHWC = self._convolved(self._activated(x_BHWC, train), x_BHWC.shape[-1] // 2, 1)
        x_BHWC = average_pool(x_BHWC)
      for _ in range(count):
        h_BHWC = self._convolved(self._activated(x_BHWC, train), 4 * growth, 1)
        h_BHWC = self._convolved(self._activated(h_BHWC, train), growth, 3)
        h_BHWC = Dropout(self.dropout, deterministic=not train)(h_BHWC)
        x_BHWC = jnp.concatenate([x_BHWC, h_BHWC], axis=-1)
    return global_average_pool(self._activated(x_BHWC, train))

  def _convolved(self, x_BHWC, channels, size, strides=1):
    return Conv(
      channels,
      (size, size),
      strides,
      size // 2,
      use_bias=self.normalization == 'none',
      kernel_init=HE_NORMAL,
      dtype=self.dtype,
    )(x_BHWC)

  def _activated(self, x_BHWC, train):
    return Normalization(self.normalization, activation=self.activation, dtype=self.dtype)(
      x_BHWC, train
    )
