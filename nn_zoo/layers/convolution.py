"""Convolution as a Linen module, with the parameters of `flax.linen.Conv`."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import promote_dtype

from nn_zoo.ops.convolution import Padding, convolve


class Conv(nn.Module):
  """y = convolve(x, kernel) + bias.

  Attributes:
    features: output channels.
    kernel_size: (height, width) in pixels.
    padding: 'SAME', 'VALID' or ((top, bottom), (left, right)).
    use_bias: add a bias per output channel.
    dtype: of the computation; parameters are float32.
  """

  features: int
  kernel_size: tuple[int, int] = (3, 3)
  padding: Padding = 'SAME'
  use_bias: bool = True
  dtype: Any = None

  @nn.compact
  def __call__(self, x_BHWI: jax.Array) -> jax.Array:
    shape = (*self.kernel_size, x_BHWI.shape[-1], self.features)
    kernel_HWIO = self.param('kernel', nn.initializers.lecun_normal(), shape, jnp.float32)
    bias_O = self.param('bias', nn.initializers.zeros, shape[-1:]) if self.use_bias else None
    x_BHWI, kernel_HWIO, bias_O = promote_dtype(x_BHWI, kernel_HWIO, bias_O, dtype=self.dtype)
    y_BHWO = convolve(x_BHWI, kernel_HWIO, 1, self.padding)
    return y_BHWO if bias_O is None else y_BHWO + bias_O.reshape(1, 1, 1, -1)
