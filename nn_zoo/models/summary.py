"""What a model is made of: parameters, FLOPs and output shapes, layer by layer."""

from typing import Any, NamedTuple

import jax
import numpy as np
from flax import linen as nn


class Row(NamedTuple):
  """A layer: its path, module, output shape, parameters, and FLOPs of its matrix products per example."""

  path: str
  module: str
  output: tuple[int, ...]
  parameters: int
  flops: int


class Summary(NamedTuple):
  """The layers of a model and the totals; `str` gives a table."""

  rows: list[Row]
  parameters: int
  flops: int

  def __str__(self) -> str:
    lines = [('layer', 'module', 'output', 'parameters', 'FLOPs')]
    lines += [
      (row.path, row.module, str(row.output), f'{row.parameters:,}', f'{row.flops:,}')
      for row in self.rows
    ]
    lines.append(('total', '', '', f'{self.parameters:,}', f'{self.flops:,}'))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return '\n'.join(
      '  '.join(
        cell.ljust(width) if index < 3 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(line, widths, strict=True))
      ).rstrip()
      for line in lines
    )


RECURRENT = ('input', 'recurrent', 'projection')  # kernels of a recurrent layer's direction


def summary(model: nn.Module, *inputs: Any) -> Summary:
  """Describes a model for a batch of inputs (arrays or shapes); nothing is computed or allocated.

  FLOPs count each multiplication and addition of dense, convolutional and recurrent kernels, forward, for
  one example: 2 * kernel parameters * output positions. Batch axes are left out of the shapes. A module that
  gives its weights to the layer around it, as directions of recurrent layers do, is counted at that layer's
  outputs; one that is called more than once is counted at its first call.

  Args:
    model: a module called as model(*inputs, train).
    *inputs: an example batch, of any size, and what else the model is called with.
  """
  rows: list[Row] = []
  weights: list[tuple[int, tuple[str, ...], int]] = []  # row, path and kernel size of such modules

  def record(call, args, kwargs, context):
    output = call(*args, **kwargs)
    module = context.module
    if context.method_name != '__call__':
      return output
    own = module.variables.get('params', {})
    leaves = {name: leaf for name, leaf in own.items() if not isinstance(leaf, dict)}
    parameters = sum(int(np.prod(leaf.shape)) for leaf in leaves.values())
    path, kind = '/'.join(module.path), type(module).__name__
    if path in {row.path for row in rows}:
      leaves = {}  # called again: counted once
    if leaves and not hasattr(output, 'shape'):
      size = sum(int(np.prod(leaf.shape)) for name, leaf in leaves.items() if name in RECURRENT)
      weights.append((len(rows), module.path[:-1], size))
      rows.append(Row(path, kind.strip('_'), (), parameters, 0))
    elif leaves:
      kernel = leaves.get('kernel')
      flops = 2 * int(np.prod(kernel.shape)) * _positions(output) if kernel is not None else 0
      rows.append(Row(path, kind, tuple(output.shape[1:]), parameters, flops))
    while weights and weights[-1][1] == module.path:
      row, _, size = weights.pop()
      y = output[0] if isinstance(output, tuple) else output  # without the last states
      rows[row] = rows[row]._replace(output=y.shape[1:], flops=2 * size * _positions(y))
    return output

  def run(*inputs):
    with nn.intercept_methods(record):
      return model.init(jax.random.key(0), *inputs)

  shapes = jax.eval_shape(run, *inputs)
  total = sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(shapes['params']))
  return Summary(rows, total, sum(row.flops for row in rows))


def _positions(output) -> int:
  return int(np.prod(output.shape[1:-1]))
