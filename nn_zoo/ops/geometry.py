"""How the outputs of a convolution, or of pooling, lie to its inputs."""

import numbers
import operator
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nn_zoo.errors import InputError

Pair = tuple[int, int]
Sizes = int | Sequence[int]
Padding = str | int | Sequence[int | Pair]
ADDING = ('SAME', 'VALID', 'CAUSAL')  # paddings that add zeros


class Geometry(NamedTuple):
  """How outputs and inputs lie to each other, (rows, columns).

  size: outputs. The padding above follows from it and is not stored; it may be negative, which crops.
  """

  size: Pair
  kernel: Pair
  strides: Pair
  low: Pair
  input_dilation: Pair
  kernel_dilation: Pair
  groups: int

  def padding(self, inputs: Pair) -> tuple[Pair, Pair]:
    """(low, high) for `jax.lax.conv_general_dilated`."""
    high = [
      (size - 1) * s + (taps - 1) * d + 1 - ((n - 1) * inner + 1) - low
      for size, taps, s, low, inner, d, n in zip(*self[:-1], inputs, strict=True)
    ]
    return tuple(zip(self.low, high, strict=True))

  def transposed(self, inputs: Pair) -> 'Geometry':
    """Of the convolution that takes outputs back to inputs."""
    low = tuple(
      (taps - 1) * d - p
      for taps, d, p in zip(self.kernel, self.kernel_dilation, self.low, strict=True)
    )
    return Geometry(
      inputs,
      self.kernel,
      self.input_dilation,
      low,
      self.strides,
      self.kernel_dilation,
      self.groups,
    )


def per_axis(value: Sizes, rank: int, name: str) -> tuple[int, ...]:
  """One number per spatial axis.

  Raises:
    InputError: another number of them, or one below 1.
  """
  values = (value,) * rank if np.ndim(value) == 0 else tuple(value)
  whole = all(isinstance(each, numbers.Integral) for each in values)
  if len(values) != rank or not whole or min(values) < 1:
    raise InputError(f'{name}={value}: expected a whole number from 1, or {rank} of them')
  return tuple(map(int, values))


def paddings(
  padding: Padding,
  inputs: Sequence[int],
  reach: Sequence[int],
  strides: Sequence[int],
  inner: Sequence[int],
  known: Sequence[str] = ADDING,
) -> tuple[tuple[int, int], ...]:
  """Padding in pixels, (before, after) per axis.

  Args:
    padding: as for `convolve`, without those that copy pixels.
    inputs: pixels per axis.
    reach: pixels from the first to the last tap, both counted.
    strides, inner: strides and input dilation.
    known: names to be told of if it is none of them.

  Raises:
    InputError: another padding.
  """
  rank = len(reach)
  if isinstance(padding, str):
    name = padding.upper()
    if name == 'VALID':
      return ((0, 0),) * rank
    if name == 'CAUSAL':
      return tuple((k - 1, 0) for k in reach)
    if name == 'SAME':
      widened = [(n - 1) * gap + 1 for n, gap in zip(inputs, inner, strict=True)]
      wanted = [
        max((-(-n // s) - 1) * s + k - n, 0)
        for n, k, s in zip(widened, reach, strides, strict=True)
      ]
      return tuple((total // 2, total - total // 2) for total in wanted)
    raise InputError(f'padding={padding!r}: expected one of {", ".join(known)}, or pixels')
  try:
    each = np.broadcast_to(
      np.reshape(padding, (-1, 1)) if np.ndim(padding) < 2 else padding, (rank, 2)
    )
    return tuple((operator.index(low), operator.index(high)) for low, high in each)
  except (TypeError, ValueError) as error:
    raise InputError(
      f'padding={padding}: expected a whole number, or a number or pair for {rank} axes'
    ) from error
