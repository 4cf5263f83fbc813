"""ResNet for small images: the narrow and deep networks for CIFAR-10.

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
from nn_zoo.ops.pooling import global_average_pool

WIDTHS = (16, 32, 64)


class ResNetCifar(nn.Module):
  """A 3x3 convolution, three stages of residual blocks whose shortcuts have no parameters, a dense layer.

  Attributes:
    classes: outputs.
    depth: layers with weights, 6 n + 2 for n blocks a stage; in the paper 20, 32, 44, 56 and 110.
    width: multiplier of the channels, which are 16, 32 and 64.
    preactivation: normalization and activation before the convolutions, as of He et al. 2016.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    normalization: 'batch', 'group', 'layer' or 'none'.
    zero_init: every residual branch begins as nothing.
    dropout: share of the features set to 0 in training.
    stochastic_depth: probability that the last block's branch is dropped in training; less before it.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Parameters at 10 classes: 269,722 (20), 464,154 (32), 658,586 (44), 853,018 (56), 1,727,962 (110); at 1000
  classes 64,350 more.

  Sources: He, Zhang, Ren & Sun 2015, "Deep residual learning for image recognition", section 4.2,
  https://arxiv.org/abs/1512.03385, and 2016, "Identity mappings in deep residual networks",
  https://arxiv.org/abs/1603.05027.
  """

  classes: int
  depth: int = 20
  width: float = 1.0
  preactivation: bool = False
  activation: str = 'relu'
  normalization: str = 'batch'
  zero_init: bool = True
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
    count, rest = divmod(self.depth - 2, 2 * len(WIDTHS))
    if count < 1 or rest:
      raise InputError(f'depth={self.depth}: resnet_cifar has 6 n + 2 layers: 20, 32, 44, 56, 110')
    if x_BHWC.ndim != 4 or min(x_BHWC.shape[1:3]) < 4:
      raise InputError(
        f'resnet_cifar takes images [batch, height, width, channels] of at least 4x4 pixels, got '
        f'{x_BHWC.shape}'
      )
    widths = [max(1, round(width * self.width)) for width in WIDTHS]
    x_BHWC = Conv(
      widths[0],
      use_bias=self.normalization == 'none',
      kernel_init=HE_NORMAL,
      dtype=self.dtype,
    )(x_BHWC)
    if not self.preactivation:
      x_BHWC = self._normalized_and_activated(x_BHWC, train)
    x_BHWC = residual_stages(
      x_BHWC,
      train,
      widths,
      (count,) * len(WIDTHS),
      self.stochastic_depth,
      preactivation=self.preactivation,
      projection=False,
      activation=self.activation,
      normalization=self.normalization,
      zero_init=self.zero_init,
      dtype=self.dtype,
    )
    if self.preactivation:
      x_BHWC = self._normalized_and_activated(x_BHWC, train)
    return Dropout(self.dropout, deterministic=not train)(global_average_pool(x_BHWC))

  def _normalized_and_activated(self, x_BHWC, train):
    return Normalization(self.normalization, activation=self.activation, dtype=self.dtype)(
      x_BHWC, train
    )
