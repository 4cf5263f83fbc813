"""Sequences of unequal length in one array, what is left of them without time, and images as sequences.

Axes: B batch, T time, F features, H height, W width, C channels.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.errors import InputError

POOLS = ('last', 'mean', 'max')
READS = ('rows', 'pixels')


def parts(inputs: Any) -> tuple[jax.Array, jax.Array | None]:
  """Values and lengths of {'values', 'length'}; None for the lengths of an array alone, which are all T."""
  return (inputs['values'], inputs['length']) if isinstance(inputs, Mapping) else (inputs, None)


def before_end(length_B: jax.Array | None, values: jax.Array) -> jax.Array:
  """Whether a step is a sequence's own, as [batch, time]."""
  batch, time = values.shape[:2]
  if length_B is None:
    return jnp.ones((batch, time), bool)
  return jnp.arange(time)[None] < length_B[:, None]


def last(x_BTF: jax.Array, length_B: jax.Array | None) -> jax.Array:
  """The last step of each sequence."""
  if length_B is None:
    return x_BTF[:, -1]
  return jnp.take_along_axis(x_BTF, length_B[:, None, None] - 1, axis=1)[:, 0]


def pool(
  x_BTF: jax.Array, length_B: jax.Array | None, kind: str, bidirectional: bool = False
) -> jax.Array:
  """[batch, features] of a sequence's own steps.

  Args:
    x_BTF: outputs step by step.
    length_B: steps of each sequence, None for all.
    kind: 'last', 'mean' or 'max'.
    bidirectional: the second half of the features was read from the end to the start, so that its last
      step is the first.

  Raises:
    InputError: an unknown kind.
  """
  if kind not in POOLS:
    raise InputError(f'model.pool={kind!r}: expected {", ".join(map(repr, POOLS))}')
  if kind == 'last' and bidirectional:
    forward_BTF, backward_BTF = jnp.split(x_BTF, 2, axis=-1)
    return jnp.concatenate([last(forward_BTF, length_B), backward_BTF[:, 0]], axis=-1)
  if kind == 'last':
    return last(x_BTF, length_B)
  own_BT1 = before_end(length_B, x_BTF)[..., None]
  if kind == 'mean':
    return jnp.mean(x_BTF, axis=1, where=own_BT1)
  return jnp.max(x_BTF, axis=1, where=own_BT1, initial=-jnp.inf)


def of_images(x_BHWC: jax.Array, reads: str, permutation: int = 0) -> jax.Array:
  """Images as sequences, [batch, time, features].

  Args:
    x_BHWC: images.
    reads: 'rows': a step is a row, its features are the pixels from left to right; 'pixels': a step is a
      pixel, row by row.
    permutation: seed of one order of all pixels, in which every image is read; 0 for the order they have.

  Raises:
    InputError: `reads` is another word.

  Source of the task: Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent networks of rectified
  linear units", https://arxiv.org/abs/1504.00941.
  """
  if reads not in READS:
    raise InputError(f'model.reads={reads!r}: expected {" or ".join(map(repr, READS))}')
  batch, height, width, channels = x_BHWC.shape
  x_BTC = x_BHWC.reshape(batch, -1, channels)
  if permutation:
    x_BTC = x_BTC[:, np.random.default_rng(permutation).permutation(height * width)]
  return x_BTC if reads == 'pixels' else x_BTC.reshape(batch, height, -1)
