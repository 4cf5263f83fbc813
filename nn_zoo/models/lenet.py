"""LeNet-5, the first convolutional network in wide use."""

import jax
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.activation import Activation
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.named import DType
from nn_zoo.ops.pooling import average_pool, max_pool

POOLINGS = {'max': max_pool, 'average': average_pool}


class LeNet(nn.Module):
  """Two stages of 5x5 convolution and 2x2 pooling, then three dense layers.

  32x32x1 -> conv 6 -> 14x14 -> conv 16 -> 5x5 -> 120 -> 84 -> classes: 61,706 parameters for 10
  classes.

  Attributes:
    classes: outputs.
    activation: 'tanh' as in the original, or any other name ('relu' is today's).
    pooling: 'average' as in the original, or 'max'.
    dropout: share of the dense layers' units set to 0 in training.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document
  recognition", https://doi.org/10.1109/5.726791.
  Departures: the second convolution sees all 6 maps, not the paper's table of subsets; the pooling has
  no coefficients to learn; the output is linear, not radial basis functions.
  """

  classes: int
  activation: str = 'relu'
  pooling: str = 'max'
  dropout: float = 0.0
  dtype: DType = None

  def __call__(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    return self._outputs(x_BHWC, train, head=True)

  def features(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    """What the last layer sees: [batch, 84]."""
    return self._outputs(x_BHWC, train, head=False)

  @nn.compact
  def _outputs(self, x_BHWC, train, head):
    if self.pooling not in POOLINGS:
      raise InputError(f'pooling={self.pooling!r}: expected one of {", ".join(POOLINGS)}')
    if x_BHWC.ndim != 4 or min(x_BHWC.shape[1:3]) < 16:
      raise InputError(
        f'lenet takes images [batch, height, width, channels] of at least 16x16 pixels (32x32 in the '
        f'paper), got {x_BHWC.shape}'
      )
    for features in (6, 16):
      x_BHWC = Conv(features, (5, 5), padding='VALID', dtype=self.dtype)(x_BHWC)
      x_BHWC = POOLINGS[self.pooling](Activation(self.activation)(x_BHWC))
    h_BF = x_BHWC.reshape(x_BHWC.shape[0], -1)
    for width in (120, 84):
      h_BF = Activation(self.activation)(nn.Dense(width, dtype=self.dtype)(h_BF))
      h_BF = Dropout(self.dropout, deterministic=not train)(h_BF)
    return nn.Dense(self.classes, dtype=self.dtype)(h_BF) if head else h_BF
