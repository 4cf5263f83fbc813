"""Squeeze and excitation: channels are weighted by what the whole image holds."""

import jax
from flax import linen as nn

from nn_zoo.layers.activation import Activation
from nn_zoo.named import DType
from nn_zoo.ops.pooling import global_average_pool


class SqueezeExcitation(nn.Module):
  """Multiplies each channel by a gate in 0 ... 1 that is computed from the means of all channels.

  y[b, h, w, c] = x[b, h, w, c] σ(activation(m W_1 + b_1) W_2 + b_2)[b, c],   m[b, c] = mean_{h, w} x

  Attributes:
    units: of the hidden layer.
    activation: of the hidden layer.
    dtype: of the computation; parameters are float32.

  Source: Hu, Shen & Sun 2018, "Squeeze-and-excitation networks", https://arxiv.org/abs/1709.01507.
  """

  units: int
  activation: str = 'relu'
  dtype: DType = None

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    h_BF = nn.Dense(self.units, dtype=self.dtype)(global_average_pool(x))
    gates_BC = nn.Dense(x.shape[-1], dtype=self.dtype)(Activation(self.activation)(h_BF))
    return x * jax.nn.sigmoid(gates_BC).reshape(len(x), *(1,) * (x.ndim - 2), -1)
