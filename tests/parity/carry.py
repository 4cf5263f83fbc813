"""Carries a Linen model's variables to a PyTorch module: layers are paired in the order of their calls."""

from typing import NamedTuple

import numpy as np

from nn_zoo.models.summary import summary
from tests.parity.networks import torch

STATISTICS = {'mean': 'running_mean', 'var': 'running_var'}


class Pair(NamedTuple):
  """A layer of ours by its path, PyTorch's module, and how many values a channel is averaged over."""

  path: tuple[str, ...]
  module: torch.nn.Module
  count: int

  def of(self, tree):
    """What a tree of parameters, gradients or statistics holds for this layer; {} for nothing."""
    for name in self.path:
      tree = tree.get(name, {})
    return {name: np.asarray(leaf) for name, leaf in tree.items() if not isinstance(leaf, dict)}


def pair(model, inputs, module, inputs_torch) -> list[Pair]:
  """The layers with parameters of both, whose order of calls must be the same, for one batch of inputs."""
  rows, called, train = summary(model, inputs).rows, [], module.training
  with_parameters = [part for part in module.modules() if list(part.parameters(recurse=False))]
  hooks = [
    part.register_forward_hook(lambda part, *_: called.append(part)) for part in with_parameters
  ]
  with torch.no_grad():
    module.eval()(inputs_torch)
  module.train(train)
  for hook in hooks:
    hook.remove()
  assert len(called) == len(with_parameters)
  return [
    Pair(tuple(row.path.split('/')), part, len(inputs) * int(np.prod(row.output[:-1])))
    for row, part in zip(rows, called, strict=True)
  ]


def parameters(pairs, params):
  """(name, PyTorch's parameter, our array in its layout) of each; `params` may be gradients as well."""
  for layer in pairs:
    theirs = dict(layer.module.named_parameters(recurse=False))
    ours = {name if name in theirs else 'weight': leaf for name, leaf in layer.of(params).items()}
    assert ours.keys() == theirs.keys(), layer
    for name, array in ours.items():
      array = _laid_out(layer.module, array, theirs[name].shape)
      yield '/'.join((*layer.path, name)), theirs[name], array


def statistics(pairs, stats):
  """(layer, name, PyTorch's running statistic, ours) of each batch normalization."""
  for layer in pairs:
    for name, array in layer.of(stats).items():
      yield layer, name, getattr(layer.module, STATISTICS[name]), array


def load(pairs, variables):
  """Copies our variables into the modules."""
  with torch.no_grad():
    for _, theirs, ours in parameters(pairs, variables['params']):
      theirs.copy_(torch.tensor(ours))
    for _, _, theirs, ours in statistics(pairs, variables.get('batch_stats', {})):
      theirs.copy_(torch.tensor(ours))


def unbiased(layer, var, start, steps, momentum=0.9):
  """Our running variance as PyTorch keeps it: n / (n - 1) of all that the steps have added."""
  old = momentum**steps * start
  return old + (var - old) * layer.count / (layer.count - 1)


def _laid_out(module, array, shape):
  # Kernels are [..., inputs, outputs] in ours, and [outputs, inputs, ...] in PyTorch.
  if array.ndim > 1 and not isinstance(module, torch.nn.Embedding):
    array = np.moveaxis(array, (-1, -2), (0, 1))
  array = array.reshape(shape) if array.ndim < 2 else array
  assert array.shape == tuple(shape), module
  return array
