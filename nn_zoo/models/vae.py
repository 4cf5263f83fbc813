"""The variational autoencoder: an encoder to a normal distribution over codes and a decoder back.

Axes: B batch, Z latent, F hidden.
"""

import math

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.models.autoencoder import Stack
from nn_zoo.named import DType


class VAE(nn.Module):
  """(mean, log_variance) = encode(x); outputs = decode(z), of the shape of x.

  Attributes:
    shape: of an example, such as (28, 28, 1).
    latent: numbers of the code.
    widths: units of the encoder's hidden layers; the decoder's are the same, backwards.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Source: Kingma & Welling 2014, "Auto-encoding variational Bayes", https://arxiv.org/abs/1312.6114.
  """

  shape: tuple[int, ...]
  latent: int = 20
  widths: tuple[int, ...] = (512,)
  activation: str = 'relu'
  dtype: DType = None

  def setup(self):
    self.encoder = Stack((*self.widths, 2 * self.latent), self.activation, self.dtype)
    self.decoder = Stack(
      (*reversed(self.widths), math.prod(self.shape)), self.activation, self.dtype
    )

  def encode(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean and log variance [B, latent] of q(z | x)."""
    return tuple(jnp.split(self.encoder(x.reshape(x.shape[0], -1)), 2, axis=1))

  def decode(self, z_BZ: jax.Array) -> jax.Array:
    """Outputs of codes, of the shape of the examples."""
    return self.decoder(z_BZ).reshape(-1, *self.shape)

  def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
    """The outputs of the mean code; in training of mean + deviation, so that all parameters take part."""
    mean_BZ, log_variance_BZ = self.encode(x)
    return self.decode(mean_BZ + jnp.exp(log_variance_BZ / 2) if train else mean_BZ)
