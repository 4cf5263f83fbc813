"""The autoencoder: an encoder to a short code and a decoder back.

Axes: B batch, Z latent, F hidden.
"""

import math
from typing import Any

import jax
from flax import linen as nn

from nn_zoo.layers.activation import Activation
from nn_zoo.named import DType


class Stack(nn.Module):
  """Dense layers with an activation between them, the last linear.

  Attributes:
    widths: units of each layer.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`.
    dtype: of the computation; parameters are float32.
  """

  widths: tuple[int, ...]
  activation: str
  dtype: Any

  @nn.compact
  def __call__(self, h_BF: jax.Array) -> jax.Array:
    *hidden, last = self.widths
    for width in hidden:
      h_BF = Activation(self.activation)(nn.Dense(width, dtype=self.dtype)(h_BF))
    return nn.Dense(last, dtype=self.dtype)(h_BF)


class Autoencoder(nn.Module):
  """z = encode(x); outputs = decode(z), of the shape of x, with as many numbers between as `latent`.

  Attributes:
    shape: of an example, such as (28, 28, 1).
    latent: numbers of the code.
    widths: units of the encoder's hidden layers; the decoder's are the same, backwards.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks",
  https://doi.org/10.1126/science.1127647. Departure: trained at once, without pretraining.
  """

  shape: tuple[int, ...]
  latent: int = 32
  widths: tuple[int, ...] = (512, 256)
  activation: str = 'relu'
  dtype: DType = None

  def setup(self):
    self.encoder = Stack((*self.widths, self.latent), self.activation, self.dtype)
    self.decoder = Stack(
      (*reversed(self.widths), math.prod(self.shape)), self.activation, self.dtype
    )

  def encode(self, x: jax.Array) -> jax.Array:
    """The code [B, latent]."""
    return self.encoder(x.reshape(x.shape[0], -1))

  def decode(self, z_BZ: jax.Array) -> jax.Array:
    """Outputs of a code, of the shape of the examples."""
    return self.decoder(z_BZ).reshape(-1, *self.shape)

  def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
    return self.decode(self.encode(x))
