"""Residual blocks of two or three convolutions, and stages of them.

Axes: B batch, H height, W width, C channels.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.layers.activation import Activation
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.normalization import Normalization
from nn_zoo.layers.stochastic_depth import StochasticDepth, linear_rates
from nn_zoo.named import DType

HE_NORMAL = nn.initializers.variance_scaling(2.0, 'fan_out', 'normal')


class ResidualBlock(nn.Module):
  """y = activation(shortcut(x) + branch(x)), or with preactivation y = shortcut(x) + branch(x).

  The branch is (convolution, normalization, activation) for each convolution, the last activation being that
  of the sum; with preactivation it is (normalization, activation, convolution) for each. The shortcut is the
  identity, save where the shape changes.

  Attributes:
    width: channels of the convolutions; a bottleneck puts out four times as many.
    strides: of the first 3x3 convolution, which halves the image if 2.
    bottleneck: 1x1, 3x3 and 1x1 convolutions in place of two 3x3.
    preactivation: normalize and activate before the convolutions.
    projection: a shortcut that changes the shape is a 1x1 convolution (option B); else every other pixel,
      and zeros in the new channels (option A).
    activation, normalization: names.
    zero_init: the branch begins as nothing: its last scale is zero, or its last kernel if no scale follows.
    stochastic_depth: probability that the branch of an example is dropped in training.
    dtype: of the computation; parameters are float32.

  Sources: He, Zhang, Ren & Sun 2015, "Deep residual learning for image recognition",
  https://arxiv.org/abs/1512.03385, and 2016, "Identity mappings in deep residual networks",
  https://arxiv.org/abs/1603.05027. Zero scales: Goyal et al. 2017, https://arxiv.org/abs/1706.02677.
  """

  width: int
  strides: int = 1
  bottleneck: bool = False
  preactivation: bool = False
  projection: bool = True
  activation: str = 'relu'
  normalization: str = 'batch'
  zero_init: bool = True
  stochastic_depth: float = 0.0
  dtype: DType = None

  @nn.compact
  def __call__(self, x_BHWC: jax.Array, train: bool) -> jax.Array:
    width, strides = self.width, self.strides
    parts = [(3, width, strides), (3, width, 1)]
    if self.bottleneck:
      parts = [(1, width, 1), (3, width, strides), (1, 4 * width, 1)]
    h_BHWC, last = x_BHWC, len(parts) - 1
    for index, (size, channels, stride) in enumerate(parts):
      if self.preactivation:
        h_BHWC = self._normalization(activated=True)(h_BHWC, train)
        # A shape is changed after the first activation, which then serves both ways.
        x_BHWC = h_BHWC if index == 0 and self._changes(x_BHWC) else x_BHWC
      h_BHWC = self._convolved(h_BHWC, channels, size, stride, nothing=index == last)
      if not self.preactivation and index < last:
        h_BHWC = self._normalization(activated=True)(h_BHWC, train)
    drop = StochasticDepth(self.stochastic_depth)
    if self.preactivation:
      return self._shortcut(x_BHWC, train) + drop(h_BHWC, train)
    if self.stochastic_depth:
      h_BHWC = drop(self._normalization(nothing=True)(h_BHWC, train), train)
      return Activation(self.activation)(self._shortcut(x_BHWC, train) + h_BHWC)
    # Made before the shortcut's, whose name comes after it.
    normalization = self._normalization(activated=True, nothing=True)
    return normalization(h_BHWC, train, self._shortcut(x_BHWC, train))

  def _changes(self, x_BHWC):
    return self.strides > 1 or x_BHWC.shape[-1] != self._outputs()

  def _outputs(self):
    return self.width * (4 if self.bottleneck else 1)

  def _shortcut(self, x_BHWC, train):
    if not self._changes(x_BHWC):
      return x_BHWC
    if self.projection:
      x_BHWC = self._convolved(x_BHWC, self._outputs(), 1, self.strides)
      return x_BHWC if self.preactivation else self._normalization()(x_BHWC, train)
    x_BHWC = x_BHWC[:, :: self.strides, :: self.strides]
    return jnp.pad(x_BHWC, ((0, 0), (0, 0), (0, 0), (0, self._outputs() - x_BHWC.shape[-1])))

  def _convolved(self, x_BHWC, channels, size, strides, nothing=False):
    # The zero scale of a preactivation would leave its ReLU at 0, where no gradient passes.
    nothing &= self.zero_init and (self.preactivation or self.normalization == 'none')
    return Conv(
      channels,
      (size, size),
      strides,
      size // 2,
      use_bias=self.normalization == 'none',
      kernel_init=nn.initializers.zeros if nothing else HE_NORMAL,
      dtype=self.dtype,
    )(x_BHWC)

  def _normalization(self, activated=False, nothing=False):
    fields = {'activation': self.activation} if activated else {}
    scale_init = nn.initializers.zeros if nothing and self.zero_init else nn.initializers.ones
    return Normalization(self.normalization, scale_init=scale_init, dtype=self.dtype, **fields)


def residual_stages(
  x_BHWC: jax.Array,
  train: bool,
  widths: Sequence[int],
  counts: Sequence[int],
  stochastic_depth: float,
  **fields,
) -> jax.Array:
  """Stages of `counts` residual blocks; each but the first begins by halving height and width.

  Args:
    x_BHWC, train: as of the blocks.
    widths, counts: channels and blocks of each stage.
    stochastic_depth: rate of the last block; those before have less, in proportion to their place.
    **fields: of all the blocks.
  """
  rates = iter(linear_rates(stochastic_depth, sum(counts)))
  for stage, (width, count) in enumerate(zip(widths, counts, strict=True)):
    for index in range(count):
      strides = 2 if stage and not index else 1
      block = ResidualBlock(width, strides, stochastic_depth=next(rates), **fields)
      x_BHWC = block(x_BHWC, train)
  return x_BHWC
