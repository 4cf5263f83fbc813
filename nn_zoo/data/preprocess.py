"""Standardisation inside the compiled step, from figures of the training examples."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np


def moments(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Mean and standard deviation over all axes but the last: per column of a table, per channel of images.

  Where nothing varies the deviation is given as 1, so that dividing by it is harmless.
  """
  rows = inputs.reshape(-1, inputs.shape[-1])
  mean = sum(part.sum(axis=0) for part in _parts(rows)) / len(rows)
  variance = sum(((part - mean) ** 2).sum(axis=0) for part in _parts(rows)) / len(rows)
  deviation = np.sqrt(variance)
  return mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32)


def _parts(rows: np.ndarray):
  # In float64, but never a float64 copy of the whole data.
  return (rows[i : i + 1_000_000].astype(np.float64) for i in range(0, len(rows), 1_000_000))


def standardise(mean: np.ndarray, deviation: np.ndarray) -> Callable[[jax.Array], jax.Array]:
  """inputs -> (inputs - mean) / deviation in float32, over the last axis."""

  def prepare(inputs: jax.Array) -> jax.Array:
    shape = (1,) * (inputs.ndim - 1) + (-1,)
    scale = (1 / deviation).astype(np.float32)
    return (inputs.astype(jnp.float32) - mean.reshape(shape)) * scale.reshape(shape)

  return prepare
