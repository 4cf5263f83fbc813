"""Convolution, transposed convolution and pooling against PyTorch's: outputs and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.ops import pooling
from nn_zoo.ops.convolution import convolve, convolve_transpose
from tests.parity.networks import torch

functional = torch.nn.functional
# Spatial sizes, kernel, input and output channels, and what both have in the same words.
CASES = {
  'sequence': ((19,), (4,), 4, 6, {'stride': 3, 'padding': 2, 'dilation': 2}),
  'plain': ((9, 8), (3, 3), 4, 6, {'padding': 1}),
  'strides': ((9, 8), (3, 4), 4, 6, {'stride': (2, 3), 'padding': (1, 2)}),
  'dilation': ((11, 9), (3, 2), 2, 5, {'dilation': (2, 3), 'padding': 2}),
  'groups': ((9, 8), (3, 3), 4, 6, {'groups': 2, 'stride': 2, 'padding': 1}),
  'depthwise': ((9, 8), (5, 5), 6, 6, {'groups': 6, 'padding': 2}),
  'volume': ((6, 5, 7), (3, 2, 3), 4, 6, {'stride': (1, 2, 1), 'padding': 1, 'groups': 2}),
}
TRANSPOSED = {
  'sequence': ((7,), (4,), 4, 6, {'stride': 2, 'padding': 1}),
  'image': ((5, 4), (4, 3), 4, 6, {'stride': (2, 1), 'padding': (1, 0)}),
  'groups and dilation': ((5, 4), (3, 2), 4, 6, {'stride': 2, 'dilation': 2, 'groups': 2}),
  'volume': ((3, 4, 2), (2, 3, 2), 4, 6, {'stride': 2}),
}


@pytest.fixture
def compare(difference):
  """(subject, ours, theirs, arrays, orders) -> outputs and gradients of both side by side.

  `orders` bring PyTorch's arrays and gradients into our order of axes.
  """

  def run(subject, ours, theirs, arrays, orders):
    y, pull = jax.vjp(jax.jit(ours), *map(jnp.asarray, arrays))
    slope = np.random.default_rng(1).normal(size=y.shape).astype('float32')
    leaves = [
      torch.tensor(np.moveaxis(array, source, target), requires_grad=True)
      for array, (source, target) in zip(arrays, orders, strict=True)
    ]
    y_torch = theirs(*leaves)
    y_torch.backward(torch.tensor(np.moveaxis(slope, -1, 1)))
    outputs = y_torch.detach().numpy()
    assert difference(subject, 'outputs', y, np.moveaxis(outputs, 1, -1)) < 2e-6
    for found, leaf, (source, target) in zip(pull(slope), leaves, orders, strict=True):
      want = np.moveaxis(leaf.grad.numpy(), target, source)
      assert difference(subject, 'gradients', found, want) < 5e-6

  return run


IMAGES = (-1, 1)  # channels last, and second
SHORT = {'max': 'max', 'average': 'avg'}


def drawn(sizes, kernel, inputs, outputs):
  rng = np.random.default_rng(0)
  shapes = (2, *sizes, inputs), (*kernel, inputs, outputs)
  return [rng.normal(size=shape).astype('float32') for shape in shapes]


@pytest.mark.parametrize('name', CASES)
def test_convolution(name, compare):
  sizes, kernel, inputs, outputs, fields = CASES[name]
  groups, rank = fields.get('groups', 1), len(sizes)
  theirs = getattr(functional, f'conv{rank}d')
  padding = fields['padding']

  def ours(x, kernel):
    edges = (padding,) * rank if isinstance(padding, int) else padding
    strides, spread = fields.get('stride', 1), fields.get('dilation', 1)
    return convolve(x, kernel, strides, edges, kernel_dilation=spread, groups=groups)

  arrays = drawn(sizes, kernel, inputs // groups, outputs)
  arrays[0] = np.random.default_rng(2).normal(size=(2, *sizes, inputs)).astype('float32')
  compare(
    'convolution', ours, lambda x, w: theirs(x, w, **fields), arrays, (IMAGES, ((-1, -2), (0, 1)))
  )


@pytest.mark.parametrize(('ours', 'theirs'), [('CIRCULAR', 'circular'), ('REFLECT', 'reflect')])
def test_padding_that_copies_pixels(ours, theirs, compare):
  def padded(x, w):
    return functional.conv2d(functional.pad(x, (2, 2, 1, 1), mode=theirs), w)

  arrays = drawn((9, 8), (3, 5), 3, 4)
  subject = f'convolution, {theirs} padding'
  compare(
    subject, lambda x, k: convolve(x, k, 1, ours), padded, arrays, (IMAGES, ((-1, -2), (0, 1)))
  )


@pytest.mark.parametrize('name', TRANSPOSED)
def test_transposed_convolution(name, compare):
  sizes, kernel, inputs, outputs, fields = TRANSPOSED[name]
  rank, groups = len(sizes), fields.get('groups', 1)
  theirs = getattr(functional, f'conv_transpose{rank}d')
  per_axis = [
    (value,) * rank if isinstance(value, int) else value
    for value in (fields.get('padding', 0), fields.get('dilation', 1))
  ]
  # PyTorch's padding is that of the convolution it is the transpose of, and its kernel that one's, turned.
  edges = [(d * (k - 1) - p,) * 2 for k, p, d in zip(kernel, *per_axis, strict=True)]

  def ours(x, kernel):
    flipped = jnp.flip(kernel, tuple(range(rank)))
    spread = fields.get('dilation', 1)
    return convolve_transpose(
      x, flipped, fields['stride'], edges, kernel_dilation=spread, groups=groups
    )

  def turned(x, w):
    # [outputs, inputs / groups, ...] -> [inputs, outputs / groups, ...]
    w = w.reshape(groups, outputs // groups, inputs // groups, *kernel).transpose(1, 2)
    return theirs(x, w.reshape(inputs, outputs // groups, *kernel), **fields)

  arrays = drawn(sizes, kernel, inputs // groups, outputs)
  arrays[0] = np.random.default_rng(2).normal(size=(2, *sizes, inputs)).astype('float32')
  compare('transposed convolution', ours, turned, arrays, (IMAGES, ((-1, -2), (0, 1))))


@pytest.mark.parametrize('rank', [1, 2, 3])
@pytest.mark.parametrize('padding', [0, 1])
def test_pooling(rank, padding, compare):
  x = np.random.default_rng(0).normal(size=(2, 9, 8, 7, 3)).astype('float32')[:, *[0] * (3 - rank)]
  for name in ('max', 'average'):
    theirs = getattr(functional, f'{SHORT[name]}_pool{rank}d')
    ours = getattr(pooling, f'{name}_pool')
    compare(
      f'{name} pooling',
      lambda x, ours=ours: ours(x, 3, 2, padding),
      lambda x, theirs=theirs: theirs(x, 3, 2, padding),
      [x],
      (IMAGES,),
    )


@pytest.mark.parametrize('size', [(1, 1), (3, 2), (5, 7)])
def test_adaptive_pooling(size, compare):
  x = np.random.default_rng(0).normal(size=(2, 9, 8, 3)).astype('float32')
  for name in ('max', 'average'):
    theirs = getattr(functional, f'adaptive_{SHORT[name]}_pool2d')
    ours = getattr(pooling, f'adaptive_{name}_pool')
    compare(
      f'adaptive {name} pooling',
      lambda x, ours=ours: ours(x, size),
      lambda x, theirs=theirs: theirs(x, size),
      [x],
      (IMAGES,),
    )


def test_of_pixels_that_share_the_maximum_the_first_gets_the_gradient(compare):
  x = np.random.default_rng(0).integers(0, 3, (2, 9, 8, 3)).astype('float32')
  compare(
    'max pooling',
    lambda x: pooling.max_pool(x, 3, 2, 1),
    lambda x: functional.max_pool2d(x, 3, 2, 1),
    [x],
    (IMAGES,),
  )
