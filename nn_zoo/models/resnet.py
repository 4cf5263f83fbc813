"""ResNet: networks of residual blocks, for photographs; `resnet_cifar` has those for small images.

Axes: B batch, H height, W width, C channels.
"""

import jax
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.normalization import Normalization
from nn_zoo.layers.residual import HE_NORMAL, residual_stages
from nn_zoo.named import DType
from nn_zoo.ops.pooling import global_average_pool, max_pool

STAGES = {
  18: (2, 2, 2, 2),
  34: (3, 4, 6, 3),
  50: (3, 4, 6, 3),
  101: (3, 4, 23, 3),
  152: (3, 8, 36, 3),
}


class ResNet(nn.Module):
  """A 7x7 convolution and 3x3 pooling, stages of residual blocks, global averaging, a dense layer.

  Attributes:
    classes: outputs.
    depth: layers with weights: 18 or 34 (blocks of two 3x3 convolutions), 50, 101 or 152 (bottlenecks).
    stages: blocks of each stage in place of those of the depth; () for those.
    width: multiplier of the channels.
    preactivation: normalization and activation before the convolutions, as of He et al. 2016.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    normalization: 'batch', 'group', 'layer' or 'none'.
    zero_init: every residual branch begins as nothing.
    small_images: begin with a 3x3 convolution and no pooling, which suits images of 28 to 64 pixels.
    dropout: share of the features set to 0 in training.
    stochastic_depth: probability that the last block's branch is dropped in training; less before it.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Parameters at 1000 classes: 11,689,512 (18), 21,797,672 (34), 25,557,032 (50), 44,549,160 (101),
  60,192,808 (152).

  Sources: He, Zhang, Ren & Sun 2015, "Deep residual learning for image recognition",
  https://arxiv.org/abs/1512.03385, and 2016, "Identity mappings in deep residual networks",
  https://arxiv.org/abs/1603.05027. Departure: bottlenecks have their stride in the 3x3 convolution and not
  in the first 1x1 ("v1.5"), which leaves no pixel unseen.
  """

  classes: int
  depth: int = 50
  stages: tuple[int, ...] = ()
  width: float = 1.0
  preactivation: bool = False
  activation: str = 'relu'
  normalization: str = 'batch'
  zero_init: bool = True
  small_images: bool = False
  dropout: float = 0.0
  stochastic_depth: float = 0.0
  dtype: DType = None

  def setup(self):
    self.head = nn.Dense(self.classes, dtype=self.dtype)

  def __call__(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    return self.head(self.features(x_BHWC, train))

  @nn.compact
  def features(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    """What the last layer sees: [batch, features]."""
    if self.depth not in STAGES:
      raise InputError(f'depth={self.depth}: resnet has {", ".join(map(str, STAGES))}')
    counts = self.stages or STAGES[self.depth]
    smallest = 2 ** (len(counts) - 1 + (0 if self.small_images else 2))
    if x_BHWC.ndim != 4 or min(x_BHWC.shape[1:3]) < smallest:
      raise InputError(
        f'resnet with {len(counts)} stages takes images [batch, height, width, channels] of at least '
        f'{smallest}x{smallest} pixels, got {x_BHWC.shape}'
      )
    widths = [max(1, round(64 * 2**stage * self.width)) for stage in range(len(counts))]
    x_BHWC = self._stem(x_BHWC, train, widths[0])
    x_BHWC = residual_stages(
      x_BHWC,
      train,
      widths,
      counts,
      self.stochastic_depth,
      bottleneck=self.depth >= 50,
      preactivation=self.preactivation,
      activation=self.activation,
      normalization=self.normalization,
      zero_init=self.zero_init,
      dtype=self.dtype,
    )
    if self.preactivation:
      x_BHWC = self._normalized_and_activated(x_BHWC, train)
    return Dropout(self.dropout, deterministic=not train)(global_average_pool(x_BHWC))

  def _stem(self, x_BHWC, train, width):
    size, strides = (3, 1) if self.small_images else (7, 2)
    x_BHWC = Conv(
      width,
      (size, size),
      strides,
      size // 2,
      use_bias=self.normalization == 'none',
      kernel_init=HE_NORMAL,
      dtype=self.dtype,
    )(x_BHWC)
    if not self.preactivation:
      x_BHWC = self._normalized_and_activated(x_BHWC, train)
    return x_BHWC if self.small_images else max_pool(x_BHWC, 3, 2, 1)

  def _normalized_and_activated(self, x_BHWC, train):
    return Normalization(self.normalization, activation=self.activation, dtype=self.dtype)(
      x_BHWC, train
    )
