"""Where the heads of a Transformer look.

Axes: L layers, B batch, H heads, T target time, S source time.
"""

import re
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from nn_zoo.errors import InputError


def attended(
  model: nn.Module, variables: Any, *inputs: Any, layers: Sequence[str] = ('attention',)
) -> list[np.ndarray]:
  """Weights [L, B, H, T, S] of all layers of each name, the first block first.

  Args:
    model: a net with `nn_zoo.layers.attention.Attention`; all looks of one name have one shape.
    variables: of it.
    inputs: of its call.
    layers: 'attention' of a text or an image on itself, or 'cross_attention' of a decoder on a source; of a
      net with two stacks with that one's name before it, such as 'encoder/attention'.

  Raises:
    InputError: no weights are kept, which 'cudnn' does not.
  """
  look = jax.jit(
    lambda variables, *inputs: model.apply(variables, *inputs, mutable='intermediates')
  )
  _, found = look(variables, *inputs)
  sown = [
    (jax.tree_util.keystr(path), np.asarray(leaf, np.float32))
    for path, leaf in jax.tree.leaves_with_path(found)
  ]
  return [_of_layer(sown, layer, type(model).__name__) for layer in layers]


def _of_layer(sown: list[tuple[str, np.ndarray]], layer: str, model: str) -> np.ndarray:
  stack, _, name = layer.rpartition('/')
  maps = [
    (_block(path), weight)
    for path, weight in sown
    if f"['{name}']['attention']" in path and (not stack or f"['{stack}']" in path)
  ]
  if not maps:
    raise InputError(f"{model} keeps no weights of '{layer}' here; model.implementation='xla' does")
  # `scan` over blocks gives all of them at once.
  return np.concatenate(
    [array if array.ndim == 5 else array[None] for _, array in sorted(maps, key=_first)]
  )


def _first(pair):
  return pair[0]


def _block(path: str) -> tuple[int, ...]:
  return tuple(map(int, re.findall(r'block_(\d+)', path)))
