"""Feed-forward networks: the perceptron and the multilayer perceptron."""

import jax
from flax import linen as nn

from nn_zoo.layers.dense import Dense
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.normalization import Normalization
from nn_zoo.named import DType


class Perceptron(nn.Module):
  """One linear layer: logistic regression under cross-entropy, linear regression under MSE.

  logits = x W + b

  Attributes:
    classes: outputs.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Rosenblatt 1958, "The perceptron", https://doi.org/10.1037/h0042519. Departure: the outputs
  are not thresholded, so that the loss has a gradient.
  """

  classes: int
  dtype: DType = None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
    return nn.Dense(self.classes, dtype=self.dtype)(x.reshape(x.shape[0], -1))


class MLP(nn.Module):
  """Multilayer perceptron: dense layers with an activation between them.

  h_0 = x;   h_l = dropout(activation(normalization(h_{l-1} W_l + b_l)));   logits = h_L W + b

  Attributes:
    classes: outputs of the last layer (for a regression: the number of targets).
    widths: units of the hidden layers.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    normalization: 'none', 'batch' or 'layer'.
    dropout: share of the hidden units set to 0 in training.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors",
  https://doi.org/10.1038/323533a0.
  """

  classes: int
  widths: tuple[int, ...] = (512, 512)
  activation: str = 'relu'
  normalization: str = 'none'
  dropout: float = 0.0
  dtype: DType = None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
    h_BF = x.reshape(x.shape[0], -1)
    for width in self.widths:
      h_BF = Dense(width, dtype=self.dtype)(h_BF)
      h_BF = Normalization(self.normalization, activation=self.activation, dtype=self.dtype)(
        h_BF, train
      )
      h_BF = Dropout(self.dropout, deterministic=not train)(h_BF)
    return Dense(self.classes, dtype=self.dtype)(h_BF)
