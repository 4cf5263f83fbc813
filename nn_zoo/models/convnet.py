"""A small convolutional network in the manner of VGG."""

import jax
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.activation import Activation
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.normalization import Normalization
from nn_zoo.named import DType
from nn_zoo.ops.pooling import max_pool


class ConvNet(nn.Module):
  """Stages of 3x3 convolutions, each with normalization and activation, and 2x2 pooling; then dense layers.

  Attributes:
    classes: outputs.
    widths: channels of the stages; each stage halves height and width.
    depth: convolutions a stage.
    hidden: units of a dense layer before the output; 0 for none.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    normalization: 'none', 'batch' or 'layer'.
    dropout: share of the first dense layer's inputs set to 0 in training.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Simonyan & Zisserman 2014, "Very deep convolutional networks for large-scale image
  recognition", https://arxiv.org/abs/1409.1556. Departures: normalization; one hidden layer or none.
  """

  classes: int
  widths: tuple[int, ...] = (32, 64, 64)
  depth: int = 1
  hidden: int = 64
  activation: str = 'relu'
  normalization: str = 'batch'
  dropout: float = 0.0
  dtype: DType = None

  def __call__(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    return self._outputs(x_BHWC, train, head=True)

  def features(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    """What the last layer sees: [batch, features]."""
    return self._outputs(x_BHWC, train, head=False)

  @nn.compact
  def _outputs(self, x_BHWC, train, head):
    smallest = 2 ** len(self.widths)
    if x_BHWC.ndim != 4 or min(x_BHWC.shape[1:3]) < smallest:
      raise InputError(
        f'convnet with {len(self.widths)} stages takes images [batch, height, width, channels] of at '
        f'least {smallest}x{smallest} pixels, got {x_BHWC.shape}'
      )
    use_bias = self.normalization == 'none'  # one that follows takes the bias away again
    for width in self.widths:
      for _ in range(self.depth):
        x_BHWC = Conv(width, use_bias=use_bias, dtype=self.dtype)(x_BHWC)
        x_BHWC = Normalization(self.normalization, activation=self.activation, dtype=self.dtype)(
          x_BHWC, train
        )
      x_BHWC = max_pool(x_BHWC)
    h_BF = x_BHWC.reshape(x_BHWC.shape[0], -1)
    h_BF = Dropout(self.dropout, deterministic=not train)(h_BF)
    if self.hidden:
      h_BF = Activation(self.activation)(nn.Dense(self.hidden, dtype=self.dtype)(h_BF))
    return nn.Dense(self.classes, dtype=self.dtype)(h_BF) if head else h_BF
