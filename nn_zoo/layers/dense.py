"""A dense layer as a Linen module, with the parameters of `flax.linen.Dense`."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import promote_dtype

from nn_zoo.ops.product import dense


class Dense(nn.Module):
  """y = x W + b along the last axis.

  Attributes:
    features: outputs.
    use_bias: add a bias per output.
    kernel_init, bias_init: initializers.
    dtype: of the computation; parameters are float32.
  """

  features: int
  use_bias: bool = True
  kernel_init: Callable = nn.initializers.lecun_normal()
  bias_init: Callable = nn.initializers.zeros
  dtype: Any = None

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    shape = (x.shape[-1], self.features)
    kernel_DC = self.param('kernel', self.kernel_init, shape, jnp.float32)
    bias_C = None
    if self.use_bias:
      bias_C = self.param('bias', self.bias_init, shape[1:], jnp.float32)
    x, kernel_DC, bias_C = promote_dtype(x, kernel_DC, bias_C, dtype=self.dtype)
    y = dense(x, kernel_DC)
    return y if bias_C is None else y + bias_C.reshape((1,) * (y.ndim - 1) + (-1,))
