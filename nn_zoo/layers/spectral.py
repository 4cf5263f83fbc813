"""Layers whose weights can be divided by their largest singular value, so that they are 1-Lipschitz.

Axes: O outputs, I all other axes of a kernel.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import promote_dtype

from nn_zoo.ops.convolution import convolve


class SpectralLinear(nn.Module):
  """A dense layer, or a convolution where there is a kernel size, with kernel / sigma(kernel) if `spectral`.

  sigma = v W u with v = W u / |W u| and u from one step of the power iteration, u <- W^T v / |W^T v|, a step
  in training; u is kept in batch_stats. u and v are constants to the gradient.

  Attributes:
    features: outputs.
    kernel_size: (height, width); () for a dense layer on the last axis.
    strides: of the convolution, whose padding is 'SAME'.
    spectral: False for an ordinary layer.
    use_bias: add a bias.
    kernel_init: initializer.
    dtype: of the computation; parameters are float32.

  Source: Miyato, Kataoka, Koyama & Yoshida 2018, "Spectral normalization for generative adversarial
  networks", https://arxiv.org/abs/1802.05957. Like theirs it takes a convolution's kernel as a matrix.
  """

  features: int
  kernel_size: tuple[int, ...] = ()
  strides: int = 1
  spectral: bool = True
  use_bias: bool = True
  kernel_init: Callable = nn.initializers.lecun_normal()
  dtype: Any = None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    shape = (*self.kernel_size, x.shape[-1], self.features)
    kernel = self.param('kernel', self.kernel_init, shape, jnp.float32)
    bias_O = self.param('bias', nn.initializers.zeros, shape[-1:]) if self.use_bias else None
    if self.spectral:
      kernel = kernel / self._largest(kernel.reshape(-1, self.features), train)
    x, kernel, bias_O = promote_dtype(x, kernel, bias_O, dtype=self.dtype)
    y = convolve(x, kernel, self.strides) if self.kernel_size else x @ kernel
    return y if bias_O is None else y + bias_O.reshape((1,) * (y.ndim - 1) + (-1,))

  def _largest(self, kernel_IO: jax.Array, train: bool) -> jax.Array:
    def begin():
      return _unit(jax.random.normal(self.make_rng('params'), (self.features,)))

    u_O = self.variable('batch_stats', 'u', begin)
    fixed_IO = jax.lax.stop_gradient(kernel_IO)
    v_I = _unit(fixed_IO @ u_O.value)
    new_O = _unit(v_I @ fixed_IO)
    if train and not self.is_initializing():
      u_O.value = new_O
    return v_I @ kernel_IO @ new_O


def _unit(vector):
  return vector / jnp.maximum(jnp.sqrt(jnp.sum(vector**2)), 1e-12)
