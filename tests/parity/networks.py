"""Models of the zoo as PyTorch modules with the same weights."""

from contextlib import contextmanager

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='parity is with PyTorch')
nn = torch.nn

# Steps this small only lose time to threads that wait for a core.
torch.set_num_threads(1)

ACTIVATIONS = {'relu': nn.ReLU, 'tanh': nn.Tanh}
POOLINGS = {'max': nn.MaxPool2d, 'average': nn.AvgPool2d}


@contextmanager
def default_dtype(name):
  """PyTorch's modules, and the state of its optimizers, in that type."""
  before = torch.get_default_dtype()
  torch.set_default_dtype(getattr(torch, name))
  try:
    yield
  finally:
    torch.set_default_dtype(before)


def lenet(activation, pooling):
  activate, pool = ACTIVATIONS[activation], POOLINGS[pooling]
  convolutions = (
    *(nn.Conv2d(1, 6, 5), activate(), pool(2)),
    *(nn.Conv2d(6, 16, 5), activate(), pool(2)),
  )
  dense = nn.Linear(400, 120), activate(), nn.Linear(120, 84), activate(), nn.Linear(84, 10)
  return nn.Sequential(*convolutions, nn.Flatten(), *dense)


def mlp(inputs, widths, classes, activation):
  layers = [nn.Flatten()]
  for width in widths:
    layers += [nn.Linear(inputs, width), ACTIVATIONS[activation]()]
    inputs = width
  return nn.Sequential(*layers, nn.Linear(inputs, classes))


def to_torch(params):
  """Parameters, or their gradients, in PyTorch's layout and order: a weight and a bias for each layer."""
  arrays, channels = [], None
  for name in sorted(params):
    kernel = np.asarray(params[name]['kernel'])
    if kernel.ndim == 4:
      channels = kernel.shape[-1]
      kernel = kernel.transpose(3, 2, 0, 1)
    elif channels:
      # Behind the flattening: our inputs come by height, width, channel, PyTorch's by channel first.
      side = int(np.sqrt(len(kernel) // channels))
      kernel = kernel.reshape(side, side, channels, -1).transpose(3, 2, 0, 1)
      kernel, channels = kernel.reshape(len(kernel), -1), None
    else:
      kernel = kernel.T
    arrays += [kernel, np.asarray(params[name]['bias'])]
  return arrays


def load(module, params):
  with torch.no_grad():
    for parameter, array in zip(module.parameters(), to_torch(params), strict=True):
      parameter.copy_(torch.tensor(array))
  return module
