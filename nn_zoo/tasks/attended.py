"""Where the heads of a Transformer look.

Axes: L layers, B batch, H heads, T target time, S source time.
"""

import re
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from nn_zoo.errors import InputError


def attended(
  model: nn.Module, variables: Any, *inputs: Any, layer: str = 'attention'
) -> np.ndarray:
  """Weights [L, B, H, T, S] of all layers of that name, the first block first.

  Args:
    model: a net with `nn_zoo.layers.attention.Attention`; all looks of one name have one shape.
    variables: of it.
    inputs: of its call.
    layer: 'attention' of a text or an image on itself, or 'cross_attention' of a decoder on a source.

  Raises:
    InputError: no weights are kept, which 'cudnn' does not.
  """
  look = jax.jit(
    lambda variables, *inputs: model.apply(variables, *inputs, mutable='intermediates')
  )
  _, found = look(variables, *inputs)
  maps = [
    (_block(path), np.asarray(leaf, np.float32))
    for path, leaf in jax.tree.leaves_with_path(found)
    if f"['{layer}']['attention']" in jax.tree_util.keystr(path)
  ]
  if not maps:
    raise InputError(
      f"{type(model).__name__} keeps no weights of '{layer}' here; model.implementation='xla' does"
    )
  # `scan` over blocks gives all of them at once.
  layers = [array if array.ndim == 5 else array[None] for _, array in sorted(maps, key=_first)]
  return np.concatenate(layers)


def _first(pair):
  return pair[0]


def _block(path) -> tuple[int, ...]:
  return tuple(map(int, re.findall(r'block_(\d+)', jax.tree_util.keystr(path))))
