"""Temporal convolutional network.

Axes: B batch, T time, C channels, F features, K kernel, I inputs, O outputs.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import promote_dtype

from nn_zoo.errors import InputError
from nn_zoo.layers.activation import Activation
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.named import DType
from nn_zoo.ops import sequences
from nn_zoo.ops.convolution import convolve

UNIFORM = nn.initializers.variance_scaling(1 / 3, 'fan_in', 'uniform')  # within 1 / sqrt(fan_in)


class CausalConv(nn.Module):
  """A causal dilated convolution whose weights have their length as a parameter of its own.

  y_t = bias + sum_k x_{t - (K - 1 - k) dilation} w_k,   w = scale kernel / ‖kernel‖, for each output

  Attributes:
    features: output channels.
    kernel_size: taps.
    dilation: time steps from tap to tap.
    dtype: of the computation; parameters are float32.

  Source: Salimans & Kingma 2016, "Weight normalization", https://arxiv.org/abs/1602.07868. Departure:
  `scale` starts as ‖kernel‖, whatever the data.
  """

  features: int
  kernel_size: int
  dilation: int
  dtype: DType = None

  @nn.compact
  def __call__(self, x_BTI: jax.Array) -> jax.Array:
    shape = (self.kernel_size, x_BTI.shape[-1], self.features)
    kernel_KIO = self.param('kernel', UNIFORM, shape, jnp.float32)
    length_O = jnp.linalg.norm(kernel_KIO, axis=(0, 1))
    scale_O = self.param('scale', lambda _: length_O)
    bias_O = self.param('bias', nn.initializers.zeros, shape[-1:], jnp.float32)
    kernel_KIO = kernel_KIO * (scale_O / length_O)[None, None]
    x_BTI, kernel_KIO, bias_O = promote_dtype(x_BTI, kernel_KIO, bias_O, dtype=self.dtype)
    y_BTO = convolve(x_BTI, kernel_KIO, padding='CAUSAL', kernel_dilation=self.dilation)
    return y_BTO + bias_O[None, None]


class TemporalBlock(nn.Module):
  """Two causal convolutions and what they are added to: the inputs, by 1x1 convolution if widths differ.

  y = activation(x + h_2),   h_i = dropout(activation(convolution(h_{i-1}))),   h_0 = x

  Attributes:
    features: output channels.
    kernel_size, dilation: of both convolutions.
    activation, dropout, dtype: as of the model.
  """

  features: int
  kernel_size: int
  dilation: int
  activation: str = 'relu'
  dropout: float = 0.0
  dtype: DType = None

  @nn.compact
  def __call__(self, x_BTC: jax.Array, train: bool) -> jax.Array:
    h_BTC = x_BTC
    for _ in range(2):
      h_BTC = CausalConv(self.features, self.kernel_size, self.dilation, dtype=self.dtype)(h_BTC)
      h_BTC = Activation(self.activation)(h_BTC)
      h_BTC = Dropout(self.dropout, deterministic=not train)(h_BTC)
    if x_BTC.shape[-1] != self.features:
      x_BTC = Conv(self.features, (1,), kernel_init=UNIFORM, dtype=self.dtype)(x_BTC)
    return Activation(self.activation)(x_BTC + h_BTC)


class TCN(nn.Module):
  """Residual blocks of causal convolutions whose dilation doubles from level to level.

  An output sees 1 + 2 (kernel_size - 1) (2^levels - 1) time steps: its own and those before. Eight levels
  of 25 channels and kernels of 7 have 66,910 parameters for one input channel and 10 classes.

  Attributes:
    classes: outputs.
    widths: channels of the levels; the dilations are 1, 2, 4, ...
    width: factor of all of them.
    kernel_size: taps of each convolution.
    activation: a name in `nn_zoo.ops.activations.ACTIVATIONS`, or 'prelu'.
    dropout: share of each convolution's outputs set to 0 in training.
    every_position: outputs [batch, time, classes], one per step, in place of [batch, classes] at the last.
    permutation: seed of an order in which all images' pixels are read; 0 for their own.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Sequences are [batch, time, channels], those of unequal length {'values', 'length'}; images
  [batch, height, width, channels] are read as sequences of pixels, row by row.

  Source: Bai, Kolter & Koltun 2018, "An empirical evaluation of generic convolutional and recurrent
  networks for sequence modeling", https://arxiv.org/abs/1803.01271. Initial weights
  are uniform within 1 / sqrt(fan_in): what the authors' program trains from, since its normal draws of
  0.01 come after `weight_norm`, which discards them. Dropout is of single values as in that program, not of
  whole channels as in the paper: on JSB chorales it is better by 0.04 nats.
  """

  classes: int
  widths: tuple[int, ...] = (25,) * 8
  width: float = 1.0
  kernel_size: int = 7
  activation: str = 'relu'
  dropout: float = 0.0
  every_position: bool = False
  permutation: int = 0
  dtype: DType = None

  def setup(self):
    self.head = nn.Dense(self.classes, dtype=self.dtype)

  @nn.compact
  def features(self, x: Any, train: bool = False) -> jax.Array:
    """[batch, features] of the last position, or [batch, time, features], before the output layer."""
    x_BTC, length_B = sequences.parts(x)
    if x_BTC.ndim not in (3, 4):
      raise InputError(f'tcn takes sequences [batch, time, channels] or images, got {x_BTC.shape}')
    if x_BTC.ndim == 4:
      x_BTC = sequences.of_images(x_BTC, 'pixels', self.permutation)
    for level, width in enumerate(self.widths):
      features = max(1, round(width * self.width))
      x_BTC = TemporalBlock(
        features, self.kernel_size, 2**level, self.activation, self.dropout, dtype=self.dtype
      )(x_BTC, train)
    return x_BTC if self.every_position else sequences.last(x_BTC, length_B)

  def __call__(self, x: Any, train: bool = False) -> jax.Array:
    return self.head(self.features(x, train))
