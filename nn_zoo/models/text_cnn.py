"""The convolutional network for sentences of Kim.

Axes: B batch, T time, D width of the embedding, F features.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.activation import Activation
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.named import DType
from nn_zoo.ops import sequences
from nn_zoo.ops.pooling import max_pool


class TextCNN(nn.Module):
  """Convolutions of several lengths beside each other, each feature's maximum over time, one dense layer.

  features = concat_k max_t activation(convolution_k(embedding(tokens)))_t

  A token with id 0 is padding, and so is what stands after the end of {'values', 'length'}: it is taken
  for zero, and windows of padding alone are left out of the maximum, so that outputs do not depend on how
  much of it there is. With nothing else, features are 0.

  Attributes:
    classes: outputs.
    vocabulary: token ids, 0 for padding included; 0: the inputs are dense, [batch, time, channels].
    embedding: width of the embedding.
    kernel_sizes: lengths of the convolutions, in tokens.
    maps: features of each of them.
    width: factor of `maps`.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    dropout: share of the features before the output set to 0 in training.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Kim 2014, "Convolutional neural networks for sentence classification",
  https://arxiv.org/abs/1408.5882. Departures: windows of padding alone do not count; the embedding is learned
  from the start (CNN-rand); the norm of the output's weights is not bounded.
  """

  classes: int
  vocabulary: int = 0
  embedding: int = 300
  kernel_sizes: tuple[int, ...] = (3, 4, 5)
  maps: int = 100
  width: float = 1.0
  activation: str = 'relu'
  dropout: float = 0.5
  dtype: DType = None

  def setup(self):
    self.head = nn.Dense(self.classes, dtype=self.dtype)

  @nn.compact
  def features(self, x: Any, train: bool = False) -> jax.Array:
    """[batch, features] before the output layer."""
    x_BTD, real_BT1 = self._embedded(x)
    maxima = []
    for size in self.kernel_sizes:
      # Every window that holds a token counts, so that a sentence may be shorter than a kernel.
      around = size - 1
      h_BTF = Conv(round(self.maps * self.width), (size,), padding=around, dtype=self.dtype)(x_BTD)
      h_BTF = Activation(self.activation)(h_BTF)
      counts_BT1 = max_pool(real_BT1, size, 1, padding=around) > 0
      maxima.append(jnp.max(h_BTF, axis=1, where=counts_BT1, initial=-jnp.inf))
    h_BF = jnp.where(jnp.any(real_BT1 > 0, axis=1), jnp.concatenate(maxima, axis=-1), 0)
    return Dropout(self.dropout, deterministic=not train)(h_BF)

  def __call__(self, x: Any, train: bool = False) -> jax.Array:
    return self.head(self.features(x, train))

  def _embedded(self, x):
    """Inputs as [batch, time, width], and 1 where there is a token."""
    x, length_B = sequences.parts(x)
    integers = jnp.issubdtype(x.dtype, jnp.integer)
    if integers != (self.vocabulary > 0) or x.ndim != (2 if integers else 3):
      raise InputError(
        f'text_cnn with vocabulary={self.vocabulary} takes '
        + ('token ids [batch, time]' if self.vocabulary else 'reals [batch, time, channels]')
        + f', got {x.dtype} {x.shape}'
      )
    real_BT1 = sequences.before_end(length_B, x)[..., None].astype(jnp.float32)
    if not integers:
      return x * real_BT1.astype(x.dtype), real_BT1
    real_BT1 *= (x != 0)[..., None]
    x_BTD = nn.Embed(self.vocabulary, self.embedding, dtype=self.dtype)(x)
    return x_BTD * real_BT1.astype(x_BTD.dtype), real_BT1
