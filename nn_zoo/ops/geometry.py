"""How the outputs of a convolution lie to its inputs."""

from typing import NamedTuple

Pair = tuple[int, int]


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
