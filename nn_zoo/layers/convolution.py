"""Convolutions as Linen modules, with the parameters of `flax.linen.Conv` and `flax.linen.ConvTranspose`."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import promote_dtype

from nn_zoo.errors import InputError
from nn_zoo.ops.convolution import convolve, convolve_transpose
from nn_zoo.ops.geometry import Padding, Sizes, per_axis


class Conv(nn.Module):
  """y = convolve(x, kernel) + bias.

  Attributes:
    features: output channels.
    kernel_size: pixels: (height, width) for images, (length,) for sequences, or one number for all axes.
    strides, padding, kernel_dilation: see `nn_zoo.ops.convolution.convolve`.
    groups: that channels are cut into; 0: as many as there are channels (depthwise).
    use_bias: add a bias per output channel.
    kernel_init, bias_init: initializers.
    dtype: of the computation; parameters are float32.
  """

  features: int
  kernel_size: Sizes = 3
  strides: Sizes = 1
  padding: Padding = 'SAME'
  kernel_dilation: Sizes = 1
  groups: int = 1
  use_bias: bool = True
  kernel_init: Callable = nn.initializers.lecun_normal()
  bias_init: Callable = nn.initializers.zeros
  dtype: Any = None

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    groups = self.groups or x.shape[-1]
    x, kernel, bias_O = _parameters(self, x, groups)
    y = convolve(
      x,
      kernel,
      self.strides,
      self.padding,
      kernel_dilation=self.kernel_dilation,
      groups=groups,
    )
    return _with_bias(y, bias_O)


class ConvTranspose(nn.Module):
  """y = convolve_transpose(x, kernel) + bias, which enlarges images by `strides`.

  Attributes: as of `Conv`.
  """

  features: int
  kernel_size: Sizes = 3
  strides: Sizes = 1
  padding: Padding = 'SAME'
  kernel_dilation: Sizes = 1
  groups: int = 1
  use_bias: bool = True
  kernel_init: Callable = nn.initializers.lecun_normal()
  bias_init: Callable = nn.initializers.zeros
  dtype: Any = None

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    groups = self.groups or x.shape[-1]
    x, kernel, bias_O = _parameters(self, x, groups)
    y = convolve_transpose(
      x,
      kernel,
      self.strides,
      self.padding,
      kernel_dilation=self.kernel_dilation,
      groups=groups,
    )
    return _with_bias(y, bias_O)


def _parameters(module, x, groups):
  features, channels = module.features, x.shape[-1]
  size = per_axis(module.kernel_size, x.ndim - 2, 'kernel_size')
  if features < 1 or channels % groups or features % groups:
    raise InputError(
      f'a convolution from {channels} to {features} channels in {groups} group(s): expected at least '
      'one of each, and as many in each group'
    )
  shape = (*size, channels // groups, features)
  kernel = module.param('kernel', module.kernel_init, shape, jnp.float32)
  bias_O = None
  if module.use_bias:
    bias_O = module.param('bias', module.bias_init, shape[-1:], jnp.float32)
  return promote_dtype(x, kernel, bias_O, dtype=module.dtype)


def _with_bias(y, bias_O):
  return y if bias_O is None else y + bias_O.reshape((1,) * (y.ndim - 1) + (-1,))
