"""The same classifier with stock Flax layers: convolution and pooling as `flax.linen` has them, one scan."""
# ruff: noqa: E402 (the imports are timed)

import jax
from flax import linen as nn

from nn_zoo.layers import convolution as layers
from nn_zoo.models import convnet, lenet, tcn
from nn_zoo.ops.geometry import paddings, per_axis

LAYOUTS = {1: ('NWC', 'WIO', 'NWC'), 2: ('NHWC', 'HWIO', 'NHWC')}


def convolve(x, kernel, strides=1, padding='SAME', *, kernel_dilation=1, groups=1):
  """What `flax.linen.Conv` calls."""
  rank = kernel.ndim - 2
  strides, spread = per_axis(strides, rank, 'strides'), per_axis(kernel_dilation, rank, 'dilation')
  reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, spread, strict=False)]
  return jax.lax.conv_general_dilated(
    x,
    kernel,
    strides,
    paddings(padding, x.shape[1:-1], reach, strides, (1,) * rank),
    rhs_dilation=spread,
    dimension_numbers=LAYOUTS[rank],
    feature_group_count=groups,
  )


def max_pool(x, size=2):
  """Windows that do not overlap."""
  return nn.max_pool(x, (size, size), (size, size))


layers.convolve = tcn.convolve = convolve
convnet.max_pool = max_pool
lenet.POOLINGS['max'] = max_pool

from experiments.benchmark.ours.classification import main

if __name__ == '__main__':
  main()
